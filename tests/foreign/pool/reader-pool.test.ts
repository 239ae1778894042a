import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fragmentAt } from '#lib/foreign/playlist/fragments.ts';
import { parsePlaylist } from '#lib/foreign/playlist/playlist.ts';
import type { OutputOf } from '#lib/foreign/port.ts';
import { ReaderPool, type ReadersOptions } from '#lib/foreign/pool/reader-pool.server.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { settles, waitFor } from '../../support/wait.ts';

const HERE = 'https://media.example/list.m3u8';
/** 90,000 fragments: some 100 ms of CPU. */
const LARGE = listOf(90_000);
/** A third of that, and still no small text. */
const MEDIUM = listOf(30_000);
/** Twice the largest page: some 300 ms of CPU. */
const HEAVY = '<b>'.repeat(2_700_000);
const SMALL = '#EXTM3U\n#EXTINF:2,\na.ts\n#EXT-X-ENDLIST';

function listOf(fragments: number): string {
  const line = '#EXTINF:1,\nhttps://cdn.example/piece.ts?with=some&words=more\n';
  return `#EXTM3U\n${line.repeat(fragments)}#EXT-X-ENDLIST`;
}

const job = (): AbortSignal => new AbortController().signal;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function withReaders(
  options: ReadersOptions,
  body: (readers: ReaderPool) => Promise<void>,
): Promise<void> {
  const readers = new ReaderPool(options);
  try {
    await body(readers);
  } finally {
    await settles(readers.close());
    assert.is(readers.processes, 0);
  }
}

function playlist(readers: ReaderPool, text: string, signal = job()): Promise<OutputOf<'playlist'>> {
  return settles(readers.read('playlist', { chunks: [bytes(text)], url: HERE }, signal));
}

function page(readers: ReaderPool, text: string, signal = job()): Promise<OutputOf<'page'>> {
  return settles(readers.read('page', { chunks: [bytes(text)], url: HERE }, signal));
}

async function errorOf(promise: Promise<unknown>): Promise<SluiceError | null> {
  try {
    await promise;
    return null;
  } catch (thrown) {
    assert.ok(thrown instanceof SluiceError, String(thrown));
    return thrown;
  }
}

test('a process returns what the reader returns', () =>
  withReaders({}, async (readers) => {
    assert.is(readers.processes, 0);
    assert.equal(await playlist(readers, SMALL), parsePlaylist(SMALL, new URL(HERE)));
    const { fragments } = (await playlist(readers, LARGE)) as Extract<
      OutputOf<'playlist'>,
      { kind: 'media' }
    >;
    assert.is(fragments.count, 90_000);
    assert.is(fragmentAt(fragments, 89_999).url, 'https://cdn.example/piece.ts?with=some&words=more');
  }));

test('bytes are transferred, into the process and out of it', () =>
  withReaders({}, async (readers) => {
    const info = '{"id":"x","title":"é","formats":[{"format_id":"1","ext":"mp4"}]}';
    const chunks = [bytes(info.slice(0, 30)), bytes(info.slice(30))];
    const input = { chunks, url: 'https://x.example/', canJoin: true };
    const { items } = await settles(readers.read('yt-dlp-listing', input, job()));
    assert.equal(
      chunks.map(({ length }) => length),
      [0, 0],
    );
    assert.is(new TextDecoder().decode(items[0]?.info ?? undefined), info);
  }));

test('an error keeps its code, its message and whether it is transient', () =>
  withReaders({}, async (readers) => {
    const error = await errorOf(playlist(readers, 'no playlist'));
    assert.is(error?.code, 'invalid_manifest');
    const last = await settles(
      readers.read(
        'yt-dlp-failure',
        { lines: ['x: error: no such option'], exitCode: 2, signal: null },
        job(),
      ),
    );
    assert.equal([last.code, last.transient], ['engine_exit', false]);
  }));

test('a read past its time is too_complex, not transient, and the next one is read', () =>
  withReaders({ cpuMs: 5 }, async (readers) => {
    const error = await errorOf(page(readers, HEAVY));
    assert.equal([error?.code, error?.transient], ['too_complex', false]);
    await waitFor(() => readers.processes === 0, { what: 'the process to be gone' });
  }));

test('the wall clock ends a read that the CPU limit does not', () =>
  withReaders({ wallMs: 1 }, async (readers) => {
    assert.is((await errorOf(page(readers, HEAVY)))?.code, 'too_complex');
  }));

test('a read past its memory is too_complex, and nothing else is terminated', () =>
  withReaders({ maxHeapMb: 20 }, async (readers) => {
    const error = await errorOf(playlist(readers, LARGE));
    assert.equal([error?.code, error?.transient], ['too_complex', false]);
    assert.is((await playlist(readers, SMALL)).kind, 'media');
  }));

test('a line of variables does not end the process: one call that collects millions of matches cannot be stopped', () =>
  withReaders({}, async (readers) => {
    const line = '{$v}'.repeat(4_000_000);
    const code = await errorOf(
      playlist(readers, `#EXTM3U\n#EXT-X-DEFINE:NAME="v",VALUE="x"\n#EXTINF:1,\n${line}\n`),
    );
    assert.is(code?.code, 'invalid_manifest');
  }));

test('an abort terminates the process in the middle of a read, with the reason of the abort', () =>
  withReaders({ maxProcesses: 1, idleMs: 600_000 }, async (readers) => {
    const controller = new AbortController();
    const reading = errorOf(page(readers, HEAVY, controller.signal));
    controller.abort(new SluiceError('timeout', 'Nobody waits for this any more.'));
    assert.is((await reading)?.code, 'timeout');
    await waitFor(() => readers.processes === 0, { what: 'the process to be ended' });
    assert.is((await playlist(readers, SMALL)).kind, 'media');
    assert.is((await errorOf(playlist(readers, SMALL, controller.signal)))?.code, 'timeout');
  }));

test('a waiting read does not run after an abort', () =>
  withReaders({ maxProcesses: 1 }, async (readers) => {
    const controller = new AbortController();
    const first = playlist(readers, LARGE);
    const second = errorOf(playlist(readers, SMALL, controller.signal));
    controller.abort(new SluiceError('not_ready'));
    assert.is((await second)?.code, 'not_ready');
    assert.is((await first).kind, 'media');
  }));

test('there are two processes at most, and none after the idle time', () =>
  withReaders({ idleMs: 20 }, async (readers) => {
    const most: number[] = [];
    const all = Array.from({ length: 6 }, async () => {
      await playlist(readers, MEDIUM);
      most.push(readers.processes);
    });
    await Promise.all(all);
    assert.is(Math.max(...most), 2);
    await waitFor(() => readers.processes === 0, { what: 'no process to be left' });
    assert.is((await playlist(readers, SMALL)).kind, 'media');
  }));

test('two endless reads delay another one only until their time limit', () =>
  withReaders({ cpuMs: 60 }, async (readers) => {
    const order: string[] = [];
    const hostile = Array.from({ length: 2 }, async () => {
      const error = await errorOf(page(readers, HEAVY));
      order.push(error?.code ?? 'read');
    });
    await playlist(readers, SMALL);
    order.push('the other');
    await Promise.all(hostile);
    assert.ok(
      order.includes('the other') && order.filter((code) => code === 'too_complex').length === 2,
      order.join(),
    );
  }));

test('a small text waits for no large one', () =>
  withReaders({}, async (readers) => {
    const order: string[] = [];
    const large = Array.from({ length: 4 }, async () => {
      await page(readers, HEAVY);
      order.push('large');
    });
    await playlist(readers, SMALL);
    order.push('small');
    await Promise.all(large);
    assert.equal(order, ['small', 'large', 'large', 'large', 'large']);
  }));

test('a small text has less time than a large one', () =>
  withReaders({ smallCpuMs: 1 }, async (readers) => {
    const links = '<a href=m.mp4>x'.repeat(60_000);
    assert.is((await errorOf(page(readers, links)))?.code, 'too_complex');
    assert.is(await errorOf(page(readers, HEAVY.slice(0, 2_000_000))), null);
  }));

test('too many reads of one job are refused at once', () =>
  withReaders({ maxProcesses: 1, maxWaitingOfOneCaller: 2 }, async (readers) => {
    const mine = job();
    const reads = Array.from({ length: 4 }, () => errorOf(playlist(readers, SMALL, mine)));
    const codes = (await Promise.all(reads)).map((error) => error?.code ?? 'read');
    assert.equal(codes, ['read', 'read', 'read', 'too_many_requests']);
  }));

test('after close nothing is read, and running reads are rejected', async () => {
  const readers = new ReaderPool();
  const reading = errorOf(playlist(readers, LARGE));
  await settles(readers.close());
  assert.is((await reading)?.code, 'not_ready');
  assert.is((await errorOf(playlist(readers, SMALL)))?.code, 'not_ready');
  assert.is(readers.processes, 0);
});

test.run();
