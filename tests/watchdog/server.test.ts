/** The watchdog of the built server, whose event loop is blocked on purpose. Its limits are shorter than a person's. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LIMITS } from '#lib/watchdog/silence.ts';
import { type Site, startSite } from '../site/site.ts';
import { BlockedPlace } from './ground.ts';

const FAST = { silentMs: 1200, signalMs: 500, tickMs: 100 };
/** The signal is what ends it, not its time. */
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

function testPlace(name: string, body: (ground: BlockedPlace) => Promise<void>): void {
  test(name, async () => {
    const ground = new BlockedPlace();
    try {
      await body(ground);
    } finally {
      ground.remove();
    }
  });
}

testPlace(
  'a download that blocks the server is set aside at the start after three ends in a row, alone, and can be retried',
  async (ground) => {
    const url = `${bad.url}/file/hostile.bin?size=1000`;
    ground.blockDialsTo(url);
    let server = await ground.start(FAST);
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
      ground.ends?.downloads.map(({ download, ends }) => [download, ends]),
      [[hostile, 1]],
    );

    // A kill breaks the row.
    server = await ground.start(FAST);
    await ground.blocked();
    await server.kill9();
    for (const ends of [1, 2, 3]) {
      server = await ground.start(FAST);
      assert.equal(await server.ended(), { code: null, signal: 'SIGKILL' });
      assert.is(ground.ends?.downloads[0]?.ends, ends);
    }

    server = await ground.start(FAST);
    const after = api.at(server.url);
    const aside = await after.waitFor(hostile, 'error');
    assert.is(aside.error?.code, 'server_blocked');
    assert.match(server.log, `downloads=["${hostile}"]`);
    assert.is((await after.get(other)).error, null);
    assert.is((await after.waitFor(other, 'download', 'complete')).attempt, 1);

    ground.blockDialsTo(null);
    await after.act(hostile, 'retry');
    assert.is((await after.waitFor(hostile, 'complete')).file?.bytes, 1000);
    assert.equal(ground.ends?.downloads, []);
    await after.act(other, 'cancel');
    assert.is(await server.stop(), 0);
  },
);

testPlace(
  'a server that is blocked by no job is ended all the same, and nothing is blamed',
  async (ground) => {
    const server = await ground.start(FAST);
    const api = await server.session();
    const running = await api.add({ url: `${good.url}/file/a.bin?size=4000000&rate=200000` });
    await api.waitUntil(running, 'bytes', ({ receivedBytes }) => receivedBytes > 0);
    await ground.blockNow({ kind: 'native', ms: 8_000 });
    assert.equal(await server.ended(), { code: null, signal: 'SIGKILL' });
    assert.equal(ground.ends?.downloads, []);
    assert.is(ground.ends?.last?.job, null);
  },
);

for (const [signal, kind] of [
  ['SIGTERM', 'loop'],
  ['SIGINT', 'native'],
] as const) {
  testPlace(`${signal} ends a server that is blocked (${kind})`, async (ground) => {
    const server = await ground.start(PATIENT);
    await ground.blockNow({ kind, ms: kind === 'native' ? 8_000 : FOR_EVER });
    process.kill(server.pid, signal);
    assert.equal(await server.ended(), { code: null, signal: 'SIGKILL' });
    assert.match(server.log, `signal="${signal}"`);
    assert.is(ground.ends, null);
  });
}

testPlace(
  'a server that was blocked for a while serves on, and acts on a signal that came meanwhile',
  async (ground) => {
    const server = await ground.start({ ...FAST, silentMs: 10_000, signalMs: 5_000 });
    await ground.blockNow({ kind: 'loop', ms: 1_500 });
    const api = await server.session();
    assert.equal((await api.expect<{ downloads: [] }>(200, 'GET', '/api/downloads')).downloads, []);
    await ground.blockNow({ kind: 'loop', ms: 700 });
    assert.is(await server.stop(), 0);
    assert.is(ground.ends, null);
  },
);

test('the limits are those that people are told', () => {
  assert.is(LIMITS.silentMs, 10_000);
  assert.ok(LIMITS.signalMs + 2 * LIMITS.tickMs < 5_000);
});

test.run();
