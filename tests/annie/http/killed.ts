/** A download in a process of its own that is killed amid its file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { settles, waitFor } from '../../support/wait.ts';

export const MAP = 'http-state.json';

/** Downloads `url` into `workDir` and sends SIGKILL as soon as `isReady`, given the map of what has come. */
export async function killWhen(
  url: string,
  workDir: string,
  isReady: (map: string) => boolean,
): Promise<void> {
  const script = join(import.meta.dirname, 'fetch-child.ts');
  const child = spawn(process.execPath, ['-C', 'development', script, url, workDir], { stdio: 'ignore' });
  const exit = once(child, 'exit');
  const map = (): Promise<string> => readFile(join(workDir, MAP), 'utf8').catch(() => '');
  await waitFor(async () => isReady(await map()), { what: 'the map to be ready' });
  child.kill('SIGKILL');
  await settles(exit);
}
