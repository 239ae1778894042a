/**
 * Servers that take long to begin, as for a zip made on the fly. Chromium waits for 5 minutes, nginx and most proxies for
 * one; the time without a byte by which a download has stalled is another one, and shorter here than each of these waits.
 */
import { gzipSync } from 'node:zlib';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ParseResult } from '#lib/protocol/media.ts';
import { SLOW_START_MS } from '#lib/annie/http/memory/answers.server.ts';
import { freshDir } from '../annie/http/kit.ts';
import { settles, waitFor } from '../support/wait.ts';
import { response } from './origin.ts';
import { openWildKit, type Outcome } from './outcome.ts';

const STALL_MS = 300;
const kit = await openWildKit({ stallMs: STALL_MS, firstByteMs: 20_000, caller: () => 'one' });
const { origin } = kit;
/** As the origin closes each connection, whose reuse would be another request. */
const OCTETS = 'Connection: close\r\nContent-Type: application/octet-stream';
const body = Buffer.alloc(300_000, 'made on the fly ');

/** An address whose answer comes when `go` is called. */
function held(path: string, answer: Buffer = response(OCTETS, body)): { url: string; go: () => void } {
  const gate = Promise.withResolvers<void>();
  const url = origin.serve(path, () => gate.promise.then(() => answer));
  return { url, go: () => gate.resolve() };
}

/** The pieces of an answer, each after `everyMs`. */
async function* slowly(answer: Buffer, bytes: number, everyMs: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < answer.length; at += bytes) {
    yield answer.subarray(at, at + bytes);
    await delay(everyMs);
  }
}

/** An address whose head comes at once, and its body when `go` is called. */
function heldBody(path: string): { url: string; go: () => void } {
  const gate = Promise.withResolvers<void>();
  const answer = response(OCTETS, body);
  const end = answer.indexOf('\r\n\r\n') + 4;
  const url = origin.serve(path, async function* () {
    yield answer.subarray(0, end);
    await gate.promise;
    yield answer.subarray(end);
  });
  return { url, go: () => gate.resolve() };
}

for (const [what, name, hold] of [
  ['a first byte that comes after the time of a stall', 'slow', held],
  ['a body that begins so long after its head', 'head-first', heldBody],
] as const) {
  test(`${what} is waited for, once, and said`, async () => {
    for (const way of ['look', 'download', 'with an engine'] as const) {
      const path = `/${name}-${way.replaceAll(' ', '-')}`;
      const { url, go } = hold(path);
      const said: boolean[] = [];
      const onWaiting = (isWaiting: boolean): void => void said.push(isWaiting);
      const { signal } = new AbortController();
      const running: Promise<Outcome | ParseResult> =
        way === 'look'
          ? kit.registry.parse({ url, engine: null, signal, onWaiting })
          : kit.download(url, { onWaiting, ...(way === 'download' ? {} : { engine: 'http' }) });
      await waitFor(() => origin.requestsFor(path).length === 1, { what: 'the request' });
      await delay(2 * STALL_MS);
      assert.equal(said, [true]);
      go();
      const end = await settles(running);
      assert.is('state' in end ? end.state : end.items.length, way === 'look' ? 1 : 'complete');
      assert.equal(said, [true, false]);
      assert.is(origin.requestsFor(path).length, 1);
    }
  });
}

test('a body that never begins ends in timeout, one that stops after its first byte has stalled', async () => {
  const brief = await openWildKit({ stallMs: STALL_MS, firstByteMs: 900 });
  const answer = response(OCTETS, body);
  const head = answer.indexOf('\r\n\r\n') + 4;
  for (const [name, bytes, state] of [
    ['none', head, 'timeout'],
    ['some', head + 70_000, 'engine_stalled'],
  ] as const) {
    const url = brief.origin.serve(`/body-${name}`, async function* () {
      yield answer.subarray(0, bytes);
      await new Promise(() => {});
    });
    assert.is((await brief.download(url, { engine: 'http' })).state, state);
  }
  await brief.close();
});

test('a server that never begins ends in timeout, after one request', async () => {
  const brief = await openWildKit({ stallMs: STALL_MS, firstByteMs: 700 });
  for (const engine of [{}, { engine: 'http' as const }]) {
    const url = brief.origin.serve('/never', () => new Promise(() => {}));
    const { state, message } = await brief.download(url, engine);
    assert.equal([state, message], ['timeout', 'The server sent no first byte within 0.7 s.']);
  }
  assert.is(brief.origin.requestsFor('/never').length, 2);
  await brief.close();
});

test('a download waits for the request of a look-up, and has its answer', async () => {
  const { url, go } = held('/shared');
  const look = kit.list(url);
  await waitFor(() => origin.requestsFor('/shared').length === 1, { what: 'the request' });
  const said: boolean[] = [];
  const saved = kit.download(url, { onWaiting: (isWaiting) => void said.push(isWaiting) });
  await waitFor(() => said.length > 0, { what: 'the download to wait' });
  go();
  assert.is((await look).length, 1);
  assert.is((await saved).state, 'complete');
  assert.is(origin.requestsFor('/shared').length, 1);
});

test('what is paused or dismissed while a server works on its answer finds that answer', async () => {
  const paused = held('/paused');
  const dismissed = held('/dismissed');
  const abort = new AbortController();
  const workDir = await freshDir();
  const startedMs = performance.now();
  const ends = Promise.allSettled([
    kit.engine.download({ ...jobOf(paused.url, workDir), signal: abort.signal }),
    kit.engine.parse({ url: dismissed.url, signal: abort.signal }),
  ]);
  await waitFor(() => performance.now() - startedMs > SLOW_START_MS + 500, { what: 'a slow start' });
  abort.abort(new Error('paused'));
  for (const end of await settles(ends)) assert.is(end.status, 'rejected');
  const resumed = kit.download(paused.url, { workDir });
  const added = kit.download(dismissed.url);
  paused.go();
  dismissed.go();
  assert.equal([(await resumed).state, (await added).state], ['complete', 'complete']);
  assert.is(origin.requestsFor('/paused').length, 1);
  assert.is(origin.requestsFor('/dismissed').length, 1);
});

test('a request that was just made is given up with its job', async () => {
  const { url, go } = held('/quick');
  const abort = new AbortController();
  const running = kit.list(url, 'http', abort.signal).catch((thrown: unknown) => thrown);
  await waitFor(() => origin.requestsFor('/quick').length === 1, { what: 'the request' });
  const reason = new Error('dismissed');
  abort.abort(reason);
  assert.is(await settles(running), reason);
  go();
  assert.is((await kit.list(url)).length, 1);
  assert.is(origin.requestsFor('/quick').length, 2);
});

test('each byte of a head is progress', async () => {
  const answer = response(`${OCTETS}\r\nX-Note: ${'slow '.repeat(20)}`, 'abc');
  // Longer in all than a stall, and than the first byte may take.
  const brief = await openWildKit({ stallMs: 1000, firstByteMs: 1000 });
  for (const way of ['look', 'download'] as const) {
    const url = brief.origin.serve(`/head-${way}`, () => slowly(answer, 10, 100));
    const end = way === 'look' ? await brief.list(url) : (await brief.download(url)).state;
    assert.is(typeof end === 'string' ? end : end.length, way === 'look' ? 1 : 'complete');
    assert.is(brief.origin.requestsFor(`/head-${way}`).length, 1);
  }
  await brief.close();
});

test('a head that stops in the middle is engine_stalled', async () => {
  const url = origin.serve('/half', async function* () {
    yield 'HTTP/1.1 200 OK\r\nContent-';
    await delay(10_000, null, { ref: false });
  });
  assert.is((await kit.download(url)).state, 'engine_stalled');
});

test('of a slow encoded body each encoded byte is progress', async () => {
  const text = Buffer.from('<p>slow</p> '.repeat(40));
  for (const [type, want] of [
    ['application/octet-stream', 'complete'],
    ['text/html', 'no_media'],
  ] as const) {
    const coded = response(
      `Connection: close\r\nContent-Type: ${type}\r\nContent-Encoding: gzip`,
      gzipSync(text),
    );
    const head = coded.indexOf('\r\n\r\n') + 4;
    const path = `/coded-${want}`;
    const url = origin.serve(path, async function* () {
      yield coded.subarray(0, head);
      yield* slowly(coded.subarray(head), 3, 50);
    });
    let pieces = 0;
    const saved = await kit.download(url, { onBytes: () => void pieces++ });
    assert.is(saved.state, want, saved.message);
    if (want === 'complete') assert.equal(saved.body, text);
    assert.ok(pieces >= (coded.length - head) / 3 / 2, `${pieces} of ${(coded.length - head) / 3}`);
  }
});

test('a proxy that gives up while a server works is not asked for the whole at once', async () => {
  // As `PROMPT_MS`: before, it may be the range that is refused.
  for (const answer of ['HTTP/1.1 504 Gateway Timeout', null]) {
    const path = `/proxy-${answer === null ? 'reset' : '504'}`;
    const url = origin.serve(path, ({ count }) =>
      count === 1
        ? delay(10_500).then(() => (answer === null ? null : response(answer)))
        : response(OCTETS, body),
    );
    const { state } = await kit.download(url, { engine: 'http' });
    assert.is(state, answer === null ? 'connection_lost' : 'remote_error');
    assert.is(origin.requestsFor(path).length, 1);
  }
});

function jobOf(url: string, workDir: string): Parameters<typeof kit.engine.download>[0] {
  const nothing = (): void => {};
  const events = { onSample: nothing, onPhase: nothing, onInfo: nothing, onOutput: nothing };
  return { url, workDir, streamId: null, signal: new AbortController().signal, ...events };
}

test.after(() => kit.close());

test.run();
