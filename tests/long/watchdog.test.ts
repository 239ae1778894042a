/** The watchdog of the built server with its own limits, and where it must not be deceived. */
import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HANG_LIMITS } from '#lib/watchdog/hang-detector.ts';
import { type Site, startSite } from '../site/site.ts';
import { testUnless } from '../support/skip.ts';
import { BlockableServer } from '../watchdog/blockable-server.ts';

const FAST = { silentMs: 1200, signalMs: 500, tickMs: 100 };

let site: Site;
test.before(async () => {
  site = await startSite();
});
test.after(() => site.close());

async function onGround(body: (blockable: BlockableServer) => Promise<void>): Promise<void> {
  const blockable = new BlockableServer();
  try {
    await body(blockable);
  } finally {
    blockable.remove();
  }
}

test('a download that blocks the server for 10 s has it ended, and is noted', () =>
  onGround(async (blockable) => {
    const server = await blockable.start(null);
    const url = `${site.url}/file/hostile.bin`;
    blockable.blockDialsTo(url);
    const id = await (await server.session()).add({ url });
    await blockable.blocked();
    const blockedAt = performance.now();
    assert.equal(await server.ended(), { code: null, signal: 'SIGKILL' });
    console.log(`ended after ${Math.round(performance.now() - blockedAt)} ms`);
    assert.equal(
      blockable.history?.downloads.map(({ download, ends }) => [download, ends]),
      [[id, 1]],
    );
  }));

test('a server that is blocked for 8 s goes on, and stops in good order', () =>
  onGround(async (blockable) => {
    const server = await blockable.start(null);
    await blockable.blockNow({ kind: 'loop', ms: 8_000 });
    await server.session();
    assert.is(await server.stop(), 0);
    assert.is(blockable.history, null);
  }));

test('a process that was stopped for longer than the limit is not ended for it', () =>
  onGround(async (blockable) => {
    const server = await blockable.start(null);
    process.kill(server.pid, 'SIGSTOP');
    // No condition: that time passes is what is tested.
    await delay(HANG_LIMITS.silentMs + 3_000);
    process.kill(server.pid, 'SIGCONT');
    await server.session();
    assert.is(await server.stop(), 0);
    assert.is(blockable.history, null);
  }));

test('what a debugger may hold is not ended', () =>
  onGround(async (blockable) => {
    const server = await blockable.start(FAST, { nodeOptions: '--inspect=127.0.0.1:0' });
    await blockable.blockNow({ kind: 'loop', ms: 4_000 });
    await server.session();
    assert.is(await server.stop(), 0);
    assert.is(blockable.history, null);
  }));

/** The first process of a container, to which the kernel delivers no SIGKILL from inside. */
const AS_PID_1 = ['unshare', '--pid', '--fork', '--mount-proc'];
const unlessPid1 =
  spawnSync(AS_PID_1[0] ?? '', [...AS_PID_1.slice(1), 'true']).status === 0
    ? null
    : 'a process namespace of its own needs root on Linux';

testUnless(test, unlessPid1, 'the first process of a container is ended as well', () =>
  onGround(async (blockable) => {
    const server = await blockable.start(FAST, { under: AS_PID_1 });
    await blockable.blockNow({ kind: 'loop', ms: 60_000 });
    assert.is((await server.ended()).code, 137);
    assert.is(blockable.history?.last?.job, null);
  }),
);

test.run();
