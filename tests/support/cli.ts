/** Runs the `sluice` command. */
import { spawn } from 'node:child_process';
import { commandArgs, type Place, sluiceEnv } from './server.ts';
import { settles } from './wait.ts';

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
  /** stdout as JSON lines; throws if a line is not JSON. */
  lines: <T = Record<string, unknown>>() => T[];
}

export async function sluice(
  args: string[],
  { place, env = {}, input }: { place: Place; env?: Record<string, string>; input?: string },
): Promise<CliResult> {
  const child = spawn(process.execPath, commandArgs(args), {
    cwd: place.dir,
    env: sluiceEnv(place, env),
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin?.end(input);
  const closed = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  try {
    const code = await settles(closed, { deadlineMs: 180_000, what: `sluice ${args.join(' ')}` });
    const lines = <T>(): T[] =>
      stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as T);
    return { code, stdout, stderr, lines };
  } finally {
    child.kill('SIGKILL');
  }
}
