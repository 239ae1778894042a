/** Further connections of one file that are never answered, trickle, or send what is not asked: they cost the first one nothing. */
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openWildKit } from './outcome.ts';
import type { WildAnswer } from './origin.ts';

const MiB = 1024 * 1024;
const PIECE_BYTES = 256 * 1024;
/** Longer than the file takes: whoever waits for such a connection does not end in time. */
const kit = await openWildKit({ stallMs: 60_000 });
const { origin } = kit;
const body = Buffer.alloc(20 * MiB);
for (let at = 0; at < body.length; at += 4) body.writeUInt32LE((at * 2654435761) >>> 0, at);

/** At 6 MiB/s, which is slow enough for further connections. */
function file(later: (head: string) => string | null): { answer: WildAnswer; firstBytes: () => number } {
  let firstBytes = 0;
  const answer: WildAnswer = async function* ({ headers }) {
    const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.get('range') ?? '') ?? [];
    const [from, end] = [Number(first), last === '' ? body.length : Number(last) + 1];
    const range = `Content-Range: bytes ${from}-${end - 1}/${body.length}`;
    // It is closed a moment after the last byte: another request must not be sent on it meanwhile.
    const size = `Connection: close\r\nContent-Length: ${end - from}`;
    const head = `HTTP/1.1 206 P\r\nETag: "1"\r\n${range}\r\n${size}\r\n\r\n`;
    if (from > 0) {
      const sent = later(head);
      if (sent !== null) yield sent;
      await delay(60_000, null, { ref: false });
      return;
    }
    yield head;
    for (let at = from; at < end; at += PIECE_BYTES) {
      yield body.subarray(at, Math.min(end, at + PIECE_BYTES));
      firstBytes += Math.min(end, at + PIECE_BYTES) - at;
      await delay((PIECE_BYTES / (6 * MiB)) * 1000);
    }
  };
  return { answer, firstBytes: () => firstBytes };
}

for (const [what, later] of [
  ['are never answered', () => null],
  ['send a head alone', (head: string) => head],
] as const) {
  test(`connections that ${what} leave the whole file to the first one`, async () => {
    const { answer, firstBytes } = file(later);
    const path = `/${what.replaceAll(' ', '-')}.bin`;
    const saved = await kit.download(origin.serve(path, answer), { engine: 'http' });
    assert.is(saved.state, 'complete', saved.message);
    assert.ok(saved.body.equals(body));
    assert.is(firstBytes(), body.length, 'it came over one connection');
    assert.ok(origin.requestsFor(path).length > 1, 'others were tried');
  });
}

/** What a part holds instead: shifted bytes, as of a cache that has lost count, or the right ones, too slowly. */
for (const [what, rest] of [
  ['hold bytes of another place', (from: number) => body.subarray(from - 1000, from + 10 * MiB)],
  ['hold zeros', () => Buffer.alloc(10 * MiB)],
  ['trickle', null],
] as const) {
  test(`what parts that ${what} cost is not the file`, async () => {
    const { answer } = file(() => null);
    const odd: WildAnswer = async function* (request) {
      const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('range') ?? '') ?? [];
      const [from, end] = [Number(first), last === '' ? body.length : Number(last) + 1];
      if (from === 0) return yield* (answer as (of: typeof request) => AsyncIterable<Buffer>)(request);
      const range = `Content-Range: bytes ${from}-${end - 1}/${body.length}\r\nContent-Length: ${end - from}`;
      yield `HTTP/1.1 206 P\r\nETag: "1"\r\nConnection: close\r\n${range}\r\n\r\n`;
      const sent = rest === null ? body.subarray(from, end) : rest(from).subarray(0, end - from);
      const pieceBytes = rest === null ? 100 : PIECE_BYTES;
      for (let at = 0; at < sent.length; at += pieceBytes) {
        yield sent.subarray(at, at + pieceBytes);
        await delay(rest === null ? 50 : 5, null, { ref: false });
      }
    };
    const path = `/${what.replaceAll(' ', '-')}.bin`;
    const saved = await kit.download(origin.serve(path, odd), { engine: 'http' });
    assert.is(saved.state, 'complete', saved.message);
    assert.ok(saved.body.equals(body));
    assert.ok(origin.requestsFor(path).length > 1, 'others were tried');
  });
}

test.after(() => kit.close());

test.run();
