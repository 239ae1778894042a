/**
 * `npm run test:clean [-- --engines] [--ci]`: installs as a new user does. Clones the last commit into an empty folder,
 * with an empty home and nothing on PATH but Debian and Node, then `npm install`, `npm start`, one download, and a
 * second start. `--engines` leaves python3 and ffmpeg on PATH; `--ci` runs `.ci/run` there too.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startSource } from '../tests/site/smooth-source.ts';
import { Api } from '../tests/support/api.ts';
import { settles, waitFor } from '../tests/support/wait.ts';
import { bareMachine } from './tools/bare-machine.ts';

const { values } = parseArgs({ options: { engines: { type: 'boolean' }, ci: { type: 'boolean' } } });
const root = join(import.meta.dirname, '..');
const dir = mkdtempSync(join(tmpdir(), 'sluice-clean-'));
process.on('exit', () => {
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
});

const machine = bareMachine(dir, values.engines === true);
const clone = join(dir, 'sluice');
const downloads = join(dir, 'downloads');
mkdirSync(downloads);
const env = {
  ...machine.env,
  SLUICE_PORT: '0',
  SLUICE_ALLOW_PRIVATE: '127.0.0.1',
  SLUICE_DOWNLOAD_DIR: downloads,
  // Programs that apt would install are not on this PATH: the tests skip what needs them.
  SLUICE_TEST_APT: '0',
};

function run(cwd: string, command: string, ...args: string[]): void {
  const startedAt = performance.now();
  console.log(`\n$ ${[command, ...args].join(' ')}`);
  const { status } = spawnSync(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
  console.log(`  (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
}

/** Runs `npm start` while `use` runs, then sends what Ctrl+C sends. */
async function withServer(use: (url: string, readyMs: number) => Promise<void>): Promise<void> {
  console.log('\n$ npm start');
  const startedAt = performance.now();
  const npm = spawn('npm', ['start'], {
    cwd: clone,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  let output = '';
  npm.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    process.stdout.write(text);
  });
  try {
    const found = await waitFor(() => /http:\/\/127\.0\.0\.1:\d+/.exec(output) ?? npm.exitCode !== null, {
      deadlineMs: 300_000,
      what: 'npm start to say where it listens',
    });
    if (found === true) throw new Error(`npm start ended with ${npm.exitCode}`);
    await use(found[0], performance.now() - startedAt);
  } finally {
    const gone = new Promise((resolve) => npm.once('close', resolve));
    if (npm.pid !== undefined && npm.exitCode === null) {
      process.kill(-npm.pid, 'SIGINT');
      await settles(gone, { what: 'npm start to end' });
    }
  }
}

async function download(url: string): Promise<void> {
  const source = await startSource({ bytes: 8 * 1024 * 1024, bytesPerSecond: 64_000_000 });
  try {
    const session = await Api.create(url);
    const row = await session.waitFor(await session.add({ url: source.url }), 'complete');
    const sha256 = createHash('sha256')
      .update(readFileSync(join(downloads, row.file?.name ?? '')))
      .digest('hex');
    if (sha256 !== source.sha256) throw new Error('the file has another hash');
    console.log(`  downloaded ${row.file?.name}: ${row.file?.bytes} bytes, hash right`);
  } finally {
    await source.close();
  }
}

run(dir, 'git', 'clone', '--quiet', root, clone);
run(clone, 'npm', 'install');
await withServer(async (url, readyMs) => {
  console.log(`  first start, with its build: ready after ${(readyMs / 1000).toFixed(1)} s`);
  await download(url);
});
await withServer((_url, readyMs) => {
  console.log(`  second start: ready after ${readyMs.toFixed(0)} ms`);
  return Promise.resolve();
});
if (values.ci) run(clone, '.ci/run');
console.log(`\nA new user gets there${values.engines ? '' : ', without python3 and ffmpeg'}.`);
