/** An engine that was taken over, at each level of the sandbox that this machine can have, as root and as somebody else. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PRIVATE_TMP } from '#lib/process/sandbox/bwrap-arguments.ts';
import { layOut, namedProcesses, pythonMissing } from '../../tests/sandbox/hostile-engine.ts';
import { partialMissing, sandbox, sandboxMissing } from '../../tests/support/sandbox.ts';
import { which } from '../../tests/support/tools.ts';
import { settles, waitFor } from '../../tests/support/wait.ts';
import type { Report } from './report.ts';
import type { Scene } from './scene.ts';

const PROGRAM = join(import.meta.dirname, '../../tests/sandbox/contained-program.ts');
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

export async function attackFromEngine({ scale }: Scene, report: Report): Promise<void> {
  if (which('bwrap') !== null && sandbox.level !== 'full')
    report.through.push(`bubblewrap is installed and not used: ${sandboxMissing}`);
  if (pythonMissing !== null) return void report.skipped.push(pythonMissing);
  const users = [
    { uid: process.getuid?.() ?? 0, isOther: false },
    ...(isRoot ? [{ uid: NOBODY, isOther: true }] : []),
  ];
  if (!isRoot) report.skipped.push('as root: this is an ordinary user');
  for (const { uid, isOther } of users) {
    for (const level of ['full', 'partial'] as const) {
      const missing = level === 'full' ? sandboxMissing : partialMissing;
      if (missing !== null) report.skipped.push(`${level} as uid ${uid}: ${missing}`);
      else if (scale === 'full' || (level === 'full' && !isOther))
        await run(level, isOther ? uid : null, report);
    }
  }
}

async function run(level: 'full' | 'partial', uid: number | null, report: Report): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-attack-'));
  const as = `${level} as uid ${uid ?? process.getuid?.()}`;
  const prey = await layOut(dir, true);
  try {
    await writeFile(
      prey.file,
      JSON.stringify({ ...JSON.parse(await readFile(prey.file, 'utf8')), counts: true }),
    );
    const runDir = join(dir, 'server');
    await mkdir(runDir);
    if (uid !== null) {
      await chmod(dir, 0o755);
      await chown(runDir, uid, uid);
    }
    const child = spawn(process.execPath, ['-C', 'development', PROGRAM, runDir, prey.file, level], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'] },
      ...(uid === null ? {} : { uid, gid: uid }),
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await settles(once(child, 'close'), { what: `the hostile engine, ${as}`, deadlineMs: 120_000 });
    const lines = out.trim().split('\n');
    const tried = Number(lines.find((line) => line.startsWith('tried '))?.slice(6) ?? 0);
    report.tried += tried;
    if (!lines.includes(`level ${level}`)) report.through.push(`${as}: ${lines[0]}`);
    if (tried === 0 || !lines.includes('ended 0')) report.through.push(`${as} did not run: ${out}`);
    for (const line of lines)
      if (!/^(level|tried|ended) /.test(line) && !isPrivate(line)) report.through.push(`${as}: ${line}`);
    for (const where of prey.reached) report.through.push(`${as}: reached ${where}`);
    await waitFor(() => namedProcesses(prey.name).length === 0, { what: 'its end', deadlineMs: 5_000 }).catch(
      () =>
        // Without a pid namespace nothing finds one that left its group and cleared its environment (docs/adr/041).
        (level === 'full' ? report.through : report.notes).push(
          `${as}: what the engine left behind lives on`,
        ),
    );
    report.tried++;
    if (existsSync(join(dir, 'planted'))) report.through.push(`${as}: wrote outside`);
  } finally {
    for (const pid of namedProcesses(prey.name)) process.kill(pid, 'SIGKILL');
    await prey.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Written into the run's own, if it is not to be found. */
function isPrivate(line: string): boolean {
  return line.startsWith(`writes ${PRIVATE_TMP}/`) && !existsSync(line.slice('writes '.length));
}
