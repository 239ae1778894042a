import { readFile } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';
import { isAlive, marked, noProc } from './machine.ts';
import { codeOf, env, withHost } from './with-host.ts';

test('a command runs with its argv, both pipes and its exit code', () =>
  withHost(async ({ run, out }) => {
    const exit = await run([
      'sh',
      '-c',
      'printf "%s|" "$@"; printf err >&2; exit 7',
      'x',
      'a b',
      '$(id)',
      '',
    ]);
    assert.is(exit.exitCode, 7);
    assert.is(exit.signal, null);
    assert.ok(exit.durationMs > 0);
    assert.equal(out, { 1: 'a b|$(id)||', 2: 'err' });
  }));

test('the environment is only what the caller gave, and the mark', () =>
  withHost(async ({ run, out, host }) => {
    process.env['SLUICE_TEST_LEAK'] = 'leaked';
    await run(['env'], { env: { PATH: env.PATH, HOME: '/nowhere' } });
    delete process.env['SLUICE_TEST_LEAK'];
    const names = out[1].split('\n').map((line) => line.split('=')[0]);
    // PWD, OLDPWD, _ and SHLVL come from the latch's shell.
    assert.equal(names.filter((name) => !['', 'PWD', 'OLDPWD', '_', 'SHLVL'].includes(name ?? '')).sort(), [
      'HOME',
      'PATH',
      'SLUICE_RUN',
    ]);
    assert.match(out[1], `SLUICE_RUN=${host.serverId}.`);
  }));

test('an engine has no stdin, no latch and leads a group of its own', () =>
  withHost(async ({ run, out }) => {
    await run(['sh', '-c', 'cat; echo "$(ps -o pgid= -p $$) $$"; ls -l /proc/$$/fd']);
    const [ids = '', ...fds] = out[1].trim().split('\n');
    const [group, pid] = ids.trim().split(/\s+/);
    assert.is(group, pid);
    const open = fds.flatMap((line) => /(\d+) -> (.*)$/.exec(line)?.slice(1).join(' ') ?? []);
    // The files that the parent of this test left open are /dev/null to an engine.
    if (noProc === null)
      assert.equal(
        open.filter((line) => !/^[012] |\/dev\/null$/.test(line)),
        [],
      );
  }));

test('an abort interrupts the whole group and resolves with how it ended', () =>
  withHost(async ({ run, host }) => {
    const abort = new AbortController();
    const exit = await run(['sh', '-c', 'sleep 1000 & echo up; wait'], {
      signal: abort.signal,
      onChunk: () => abort.abort(),
    });
    assert.is(exit.signal, 'SIGINT');
    if (noProc === null) assert.equal(marked(host.serverId), []);
  }));

test('an engine that ignores SIGINT is terminated, one that ignores both is killed', () =>
  withHost(async ({ run }) => {
    for (const [deaf, signal] of [
      ['INT', 'SIGTERM'],
      ['INT TERM', 'SIGKILL'],
    ] as const) {
      const abort = new AbortController();
      const exit = await run(['sh', '-c', `trap '' ${deaf}; echo up; while :; do sleep 0.02; done`], {
        signal: abort.signal,
        onChunk: () => abort.abort(),
      });
      assert.is(exit.signal, signal);
    }
  }));

test('an abort at any moment of the start leaves nothing behind', () =>
  withHost(async ({ run, host }) => {
    for (let ticks = 0; ticks < 30; ticks++) {
      const abort = new AbortController();
      const over = run(['sleep', '1000'], { signal: abort.signal }).catch(() => null);
      for (let tick = 0; tick < ticks; tick++) await new Promise((resolve) => setImmediate(resolve));
      abort.abort();
      await over;
    }
    if (noProc === null) assert.equal(marked(host.serverId), []);
  }));

test('a child that outlives its engine in the group is ended before run resolves', () =>
  withHost(async ({ run, out }) => {
    const exit = await run(['sh', '-c', 'sleep 1000 & echo $!']);
    assert.is(exit.exitCode, 0);
    assert.not(isAlive(Number(out[1])));
  }));

testUnless(
  test,
  noProc,
  'a child that left the group by setsid and holds the pipes is found by its mark and ended',
  () =>
    withHost(async ({ run, out }) => {
      const leave = `mkfifo f; setsid sh -c 'echo $$; echo > f; exec sleep 1000' & read line < f; rm f; exit 3`;
      const exit = await run(['sh', '-c', leave]);
      assert.is(exit.exitCode, 3);
      const pid = Number(out[1]);
      assert.ok(pid > 1);
      assert.not(isAlive(pid));
    }),
);

testUnless(
  test,
  noProc,
  'run resolves only when a child that left the group has ended, however long the kernel takes to free its memory',
  () =>
    withHost(async ({ run, out }) => {
      const program =
        'const much = Buffer.alloc(2e8, 1); console.log(process.pid); setInterval(() => much, 1000)';
      // Without its environment, which the kernel drops first, a process that is ending is not found by its mark.
      for (let round = 0; round < 3; round++) {
        out[1] = '';
        const script = 'mkfifo f; setsid "$@" > f & read pid < f; echo $pid; rm f';
        await run(['sh', '-c', script, 'sh', process.execPath, '-e', program]);
        const pid = Number(out[1]);
        assert.ok(pid > 1);
        assert.not(isAlive(pid));
      }
    }),
);

test('1 GB of output costs no memory, and no byte of it is lost', () =>
  withHost(async ({ run }) => {
    const total = 1_000_000_000;
    const before = process.memoryUsage().rss;
    let [bytes, peak] = [0, 0];
    await run(['head', '-c', String(total), '/dev/zero'], {
      onChunk: (_fd, chunk) => {
        bytes += chunk.length;
        peak = Math.max(peak, process.memoryUsage.rss());
      },
    });
    assert.is(bytes, total);
    assert.ok(peak - before < 100_000_000, `grew by ${Math.round((peak - before) / 1e6)} MB`);
  }));

test('a handler that throws ends the engine and run rejects with its error', () =>
  withHost(async ({ run }) => {
    const thrown = new Error('cannot read that');
    try {
      await run(['sh', '-c', 'echo x; sleep 1000'], {
        onChunk: () => {
          throw thrown;
        },
      });
      assert.unreachable();
    } catch (error) {
      assert.is(error, thrown);
    }
  }));

test('no chunk is delivered after run has resolved', () =>
  withHost(async ({ run }) => {
    let over = false;
    await run(['sh', '-c', '(while :; do echo x; done) & exit 0'], { onChunk: () => assert.not(over) });
    over = true;
    await new Promise((resolve) => setImmediate(resolve));
  }));

test('closing the host ends running engines and refuses new ones', () =>
  withHost(async ({ run, host, dir }) => {
    let up = false;
    const exit = run(['sh', '-c', "trap '' INT TERM; echo up; while :; do sleep 0.02; done"], {
      onChunk: () => (up = true),
    });
    await waitFor(() => up);
    await host.close();
    assert.is((await exit).signal, 'SIGKILL');
    assert.is(await codeOf(run(['true'])), 'not_ready');
    assert.equal(readdirSync(join(dir, 'run/engines')), []);
  }));

testUnless(test, noProc, 'a watcher that is killed is replaced by one that knows every engine', () =>
  withHost(async ({ run, host }) => {
    const abort = new AbortController();
    let up = false;
    const exit = run(['sh', '-c', 'echo up; exec sleep 1000'], {
      signal: abort.signal,
      onChunk: () => (up = true),
    });
    await waitFor(() => up);
    const first = watcherOf(host.serverId);
    process.kill(first, 'SIGKILL');
    await waitFor(() => watcherOf(host.serverId) > 0 && watcherOf(host.serverId) !== first);
    abort.abort();
    await exit;
  }),
);

testUnless(test, noProc, 'many engines at once each get their own group and all end', () =>
  withHost(async ({ run, host }) => {
    const exits = await Promise.all(Array.from({ length: 20 }, (_, i) => run(['sh', '-c', `exit ${i}`])));
    assert.equal(
      exits.map(({ exitCode }) => exitCode),
      Array.from({ length: 20 }, (_, i) => i),
    );
    assert.equal(marked(host.serverId), []);
  }),
);

test('the ledger holds a running engine with pid and start time until it has ended', () =>
  withHost(async ({ run, dir }) => {
    let stored = '';
    let pid = '';
    await run(['sh', '-c', 'echo $$'], {
      onChunk: (_fd, chunk) => {
        pid = Buffer.from(chunk).toString().trim();
        stored = readFileSync(join(dir, 'run/engines', pid), 'latin1');
      },
    });
    assert.ok(stored.length > 0);
    assert.equal(readdirSync(join(dir, 'run/engines')), []);
    assert.ok((await readFile(join(dir, 'run/key'))).length >= 32);
  }));

/** The pid of the watcher of a server: the shell that has it as its last argument. */
function watcherOf(serverId: string): number {
  for (const name of readdirSync('/proc')) {
    try {
      const argv = readFileSync(`/proc/${name}/cmdline`, 'latin1').split('\0');
      if (argv[3] === 'sluice-watcher' && argv[4] === serverId && isAlive(Number(name))) return Number(name);
    } catch {
      // not a process
    }
  }
  return 0;
}

test.run();
