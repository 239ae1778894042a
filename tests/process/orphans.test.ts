import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createProcessHost } from '#lib/process/process-host.server.ts';
import { testUnless } from '../support/skip.ts';
import { settles, waitFor } from '../support/wait.ts';
import { isAlive, marked, noProc, withDir } from './machine.ts';

const program = join(import.meta.dirname, 'host-program.ts');
const forever = JSON.stringify(['sh', '-c', 'sleep 1000 & echo up; wait']);
/** An engine that ignores every signal that it can, with a child that leaves the group. */
const runaway = JSON.stringify([
  'sh',
  '-c',
  "trap '' INT TERM HUP; setsid sleep 1000 & sleep 0.1; echo up; wait",
]);

interface Server {
  child: ChildProcess;
  serverId: string;
}

/** Starts the small server and waits until all its engines run. */
async function startServer(runDir: string, lines: string[], stdio: number[] = []): Promise<Server> {
  const child = spawn(process.execPath, ['-C', 'development', program, runDir, ...lines], {
    stdio: ['ignore', 'pipe', 'inherit', ...stdio],
  });
  const words = (await settles(once(child.stdout!, 'data'), { what: 'the server to run its engines' })) as [
    Buffer,
  ];
  return { child, serverId: words[0].toString().trim().split(' ')[1] ?? '' };
}

async function killHard(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function watchersOf(serverId: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      const argv = readFileSync(`/proc/${name}/cmdline`, 'latin1').split('\0');
      return argv[3] === 'sluice-watcher' && argv[4] === serverId && isAlive(Number(name))
        ? [Number(name)]
        : [];
    } catch {
      return [];
    }
  });
}

testUnless(
  test,
  noProc,
  'after kill -9 of the server no engine, grandchild, process outside its group or watcher lives',
  () =>
    withDir(async (dir) => {
      const { child, serverId } = await startServer(dir, [forever, runaway, forever]);
      assert.ok(marked(serverId).length >= 6);
      await killHard(child);
      await waitFor(() => marked(serverId).length === 0, { what: 'the watcher to end every engine' });
      await waitFor(() => watchersOf(serverId).length === 0, { what: 'the watcher to end itself' });
    }),
);

testUnless(test, noProc, 'after kill -9 of the server while engines start and end, none of them lives', () =>
  withDir(async (dir) => {
    const flicker = JSON.stringify(['sh', '-c', 'echo up; sleep 0.0$(($$ % 10))']);
    for (let round = 0; round < 6; round++) {
      const { child, serverId } = await startServer(dir, [...Array<string>(8).fill(flicker), forever]);
      for (let turn = Math.random() * 20; turn > 0; turn--)
        await new Promise((resolve) => setImmediate(resolve));
      await killHard(child);
      await waitFor(() => marked(serverId).length === 0, { what: 'the watcher to end every engine' });
    }
  }),
);

testUnless(
  test,
  noProc,
  'when the watcher dies with the server, the next start finds and ends the engines that are left',
  () =>
    withDir(async (dir) => {
      const { child, serverId } = await startServer(dir, [forever, runaway]);
      // Stopped, so that it cannot replace its watcher in time.
      child.kill('SIGSTOP');
      for (const pid of watchersOf(serverId)) process.kill(pid, 'SIGKILL');
      await killHard(child);
      assert.ok(marked(serverId).length >= 4);
      const host = await createProcessHost({ runDir: dir });
      assert.ok(host.reaped >= 2);
      assert.equal(marked(serverId), []);
      await host.close();
    }),
);

testUnless(test, noProc, 'the start of one server leaves the engines of another alone', () =>
  withDir((one) =>
    withDir(async (two) => {
      const { child, serverId } = await startServer(one, [forever]);
      // As a copied or restored data dir would be.
      spawnSync('cp', [join(one, 'key'), join(two, 'key')]);
      const host = await createProcessHost({ runDir: two });
      assert.is(host.reaped, 0);
      assert.ok(marked(serverId).length >= 2);
      await host.close();
      await killHard(child);
      await waitFor(() => marked(serverId).length === 0);
    }),
  ),
);

testUnless(test, noProc, 'a pid in the ledger that now belongs to another process is left alone', () =>
  withDir(async (dir) => {
    const first = await createProcessHost({ runDir: dir });
    await first.close();
    const bystander = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    await once(bystander, 'spawn');
    spawnSync('sh', [
      '-c',
      'printf "an-older-boot:12345" > "$1"',
      'sh',
      join(dir, 'engines', String(bystander.pid)),
    ]);
    const second = await createProcessHost({ runDir: dir });
    assert.is(second.reaped, 0);
    assert.ok(isAlive(bystander.pid!));
    assert.equal(readdirSync(join(dir, 'engines')), []);
    await second.close();
    bystander.kill('SIGKILL');
  }),
);

testUnless(
  test,
  noProc,
  "neither engines nor the watcher hold files that the server's parent left open",
  () =>
    withDir(async (dir) => {
      const secret = join(dir, 'a lock of the starter');
      const fd = openSync(secret, 'w');
      // Above fd 15, behind a gap, Node does not close it.
      const gap = Array.from({ length: 40 }, () => 'ignore') as unknown as number[];
      const { child, serverId } = await startServer(dir, [forever], [...gap, fd]);
      for (const pid of [...marked(serverId), ...watchersOf(serverId)]) {
        const open = readdirSync(`/proc/${pid}/fd`).map((name) => readlinkSync(`/proc/${pid}/fd/${name}`));
        assert.not(open.includes(secret), `pid ${pid} holds ${secret}`);
      }
      await killHard(child);
      await waitFor(() => marked(serverId).length === 0);
    }),
);

test.run();
