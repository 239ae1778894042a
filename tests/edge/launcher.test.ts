/** What starts the server may be ended in any way: the server goes with it, and lets go of port and lock. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { makePlace, type Place, PROJECT, sluiceEnv, startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';

const oldNode = ['/usr/bin/node', '/usr/local/bin/node'].find(isOld) ?? null;

function isOld(path: string): boolean {
  return /^v2[0-3]\./.test(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout ?? '');
}

interface Launched {
  child: ChildProcess;
  url: string;
  /** Of the server itself. */
  pid: number;
}

async function launch(place: Place, program: string, args: string[]): Promise<Launched> {
  const child = spawn(program, args, {
    cwd: PROJECT,
    env: sluiceEnv(place, {
      SLUICE_PORT: '0',
      PATH: `${join(PROJECT, 'node_modules/.bin')}:${process.env['PATH']}`,
    }),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const url = await waitFor(() => /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0], {
    deadlineMs: 120_000,
    what: output,
  });
  return { child, url, pid: serverUnder(child.pid ?? 0) };
}

/** The youngest descendant that is our command. */
function serverUnder(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean);
  for (const child of children.map(Number)) {
    const command = readFileSync(`/proc/${child}/cmdline`, 'utf8');
    if (command.includes('node') || command.includes('sh\0-c')) return serverUnder(child);
  }
  return pid;
}

/** It may go between a look and the next. */
function isGone(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

async function goneAfter(place: Place, { pid, url }: Launched): Promise<void> {
  await waitFor(() => isGone(pid), { what: 'the server to end', deadlineMs: 15_000 });
  // Port and lock are free: the next one takes both.
  const next = await startServer({ place, port: Number(new URL(url).port) });
  assert.is(await next.stop(), 0);
}

for (const signal of ['SIGTERM', 'SIGKILL', 'SIGHUP'] as const) {
  testUnless(
    test,
    existsSync('/proc/self/task') ? null : 'needs /proc',
    `${signal} to \`npm start\` ends the server`,
    async () => {
      const place = makePlace();
      try {
        const npm = join(
          dirname(spawnSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).stdout.trim()),
          'npm',
        );
        const launched = await launch(place, npm, ['start', '--silent']);
        assert.is.not(launched.pid, launched.child.pid);
        launched.child.kill(signal);
        await goneAfter(place, launched);
      } finally {
        place.remove();
      }
    },
  );
}

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  testUnless(
    test,
    oldNode === null ? 'no Node 20 to 23 on this machine: apt-get install -y nodejs' : null,
    `${signal} to the launcher under an older Node ends the server`,
    async () => {
      const place = makePlace();
      try {
        const launched = await launch(place, oldNode ?? '', ['bin/sluice.js', 'serve']);
        assert.is.not(launched.pid, launched.child.pid);
        launched.child.kill(signal);
        await goneAfter(place, launched);
      } finally {
        place.remove();
      }
    },
  );
}

test.run();
