/** The watchdog of the built server, whose event loop is blocked on purpose, with shorter limits. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HANG_LIMITS } from '#lib/watchdog/hang-detector.ts';
import { type Site, startSite } from '../site/site.ts';
import { BlockableServer } from './blockable-server.ts';

const FAST = { silentMs: 1200, signalMs: 500, tickMs: 100 };
/** The thread needs answers at 0.5 and 0.9 of the limit to name the job: a busy machine has 300 ms for the second. */
const NAMING = { ...FAST, silentMs: 3000 };
/** Only a signal ends it, never its time. */
const PATIENT = { ...FAST, silentMs: 60_000 };
const FOR_EVER = 60_000;

let bad: Site;
let good: Site;
test.before(async () => {
  [bad, good] = await Promise.all([startSite(), startSite()]);
});
test.after(async () => {
  await Promise.all([bad.close(), good.close()]);
});

function testBlockable(name: string, body: (blockable: BlockableServer) => Promise<void>): void {
  test(name, async () => {
    const blockable = new BlockableServer();
    try {
      await body(blockable);
    } finally {
      blockable.remove();
    }
  });
}

testBlockable(
  'a download that blocks the server is set aside after three terminations in a row, alone, and can be retried',
  async (blockable) => {
    const url = `${bad.url}/file/hostile.bin?size=1000`;
    blockable.blockDialsTo(url);
    let server = await blockable.start(NAMING);
    const api = await server.session();
    const other = await api.add({ url: `${good.url}/file/other.bin?size=4000000&rate=200000` });
    await api.waitUntil(other, 'bytes', ({ receivedBytes }) => receivedBytes > 0);
    const hostile = await api.add({ url: `${url}&secret=hunter2` });
    assert.equal(await server.ended(), { code: null, signal: 'SIGKILL' });
    const [line = ''] = server.log.split('\n').filter((text) => text.includes('does not turn'));
    assert.match(line, hostile);
    assert.match(line, new URL(url).host);
    assert.not.match(server.log, 'hunter2');
    assert.equal(
      blockable.history?.downloads.map(({ download, ends }) => [download, ends]),
      [[hostile, 1]],
    );

    // A kill ends the row.
    server = await blockable.start(NAMING);
    await blockable.blocked();
    await server.kill9();
    for (const ends of [1, 2, 3]) {
      server = await blockable.start(NAMING);
      assert.equal(await server.ended(), { code: null, signal: 'SIGKILL' });
      assert.is(blockable.history?.downloads[0]?.ends, ends);
    }

    server = await blockable.start(NAMING);
    const after = api.at(server.url);
    const aside = await after.waitFor(hostile, 'error');
    assert.is(aside.error?.code, 'server_blocked');
    assert.match(server.log, `downloads=["${hostile}"]`);
    assert.is((await after.get(other)).error, null);
    assert.is((await after.waitFor(other, 'download', 'complete')).attempt, 1);

    blockable.blockDialsTo(null);
    await after.act(hostile, 'retry');
    assert.is((await after.waitFor(hostile, 'complete')).file?.bytes, 1000);
    assert.equal(blockable.history?.downloads, []);
    await after.act(other, 'cancel');
    assert.is(await server.stop(), 0);
  },
);

testBlockable(
  'a server that is blocked by no job is ended too, and no download is blamed',
  async (blockable) => {
    const server = await blockable.start(FAST);
    const api = await server.session();
    const running = await api.add({ url: `${good.url}/file/a.bin?size=4000000&rate=200000` });
    await api.waitUntil(running, 'bytes', ({ receivedBytes }) => receivedBytes > 0);
    await blockable.blockNow({ kind: 'native', ms: 8_000 });
    assert.equal(await server.ended(), { code: null, signal: 'SIGKILL' });
    assert.equal(blockable.history?.downloads, []);
    assert.is(blockable.history?.last?.job, null);
  },
);

for (const [signal, kind] of [
  ['SIGTERM', 'loop'],
  ['SIGINT', 'native'],
] as const) {
  testBlockable(`${signal} ends a server that is blocked (${kind})`, async (blockable) => {
    const server = await blockable.start(PATIENT);
    await blockable.blockNow({ kind, ms: kind === 'native' ? 8_000 : FOR_EVER });
    process.kill(server.pid, signal);
    assert.equal(await server.ended(), { code: null, signal: 'SIGKILL' });
    assert.match(server.log, `signal="${signal}"`);
    assert.is(blockable.history, null);
  });
}

testBlockable(
  'a server that was blocked for a while goes on, and handles a signal that came meanwhile',
  async (blockable) => {
    const server = await blockable.start({ ...FAST, silentMs: 10_000, signalMs: 5_000 });
    await blockable.blockNow({ kind: 'loop', ms: 1_500 });
    const api = await server.session();
    assert.equal((await api.expect<{ downloads: [] }>(200, 'GET', '/api/downloads')).downloads, []);
    await blockable.blockNow({ kind: 'loop', ms: 700 });
    assert.is(await server.stop(), 0);
    assert.is(blockable.history, null);
  },
);

test('the limits are those of the documentation', () => {
  assert.is(HANG_LIMITS.silentMs, 10_000);
  assert.ok(HANG_LIMITS.signalMs + 2 * HANG_LIMITS.tickMs < 5_000);
});

test.run();
