/** Encoded bodies, however they are cut into pieces, and with however many streams. */
import { Readable } from 'node:stream';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SerialDecoder } from '#lib/annie/http/body/serial-decoder.server.ts';
import { FORMATS } from '#lib/annie/http/body/stream-formats.server.ts';

const text = Buffer.from('the bytes of a file, '.repeat(3000));
const [gzip, zstd] = [gzipSync(text), zstdCompressSync(text)];
/** With all optional fields (RFC 1952, section 2.3): extra, name, comment, check. */
const fields = Buffer.from('1f8b081e00000000000304006162636466696c6500636f6d6d656e74001234', 'hex');
const skipped = Buffer.from('5f2a4d1805000000abcdabcdab', 'hex');

/** The text, or the code of the failure. */
async function decode(coding: string, body: Buffer, pieceBytes: number): Promise<string> {
  const pieces = [];
  for (let at = 0; at < body.length; at += pieceBytes) pieces.push(body.subarray(at, at + pieceBytes));
  const format = FORMATS[coding]?.();
  if (!format) return 'unknown';
  const stream = Readable.from(pieces, { objectMode: false }).pipe(new SerialDecoder(format));
  const decoded: Buffer[] = [];
  try {
    for await (const piece of stream) decoded.push(piece as Buffer);
  } catch (thrown) {
    return String((thrown as { code?: string }).code);
  }
  return Buffer.concat(decoded).toString();
}

const whole = text.toString();
const rows: [what: string, coding: string, body: Buffer, expected: string][] = [
  ['gzip', 'gzip', gzip, whole],
  ['two members', 'x-gzip', Buffer.concat([gzip, gzip]), whole + whole],
  ['a member with all optional fields', 'gzip', Buffer.concat([fields, gzip.subarray(10)]), whole],
  ['gzip with words behind it', 'gzip', Buffer.concat([gzip, Buffer.from('\r\n<!-- -->')]), whole],
  ['gzip without its size', 'gzip', gzip.subarray(0, -1), 'Z_BUF_ERROR'],
  ['half of gzip', 'gzip', gzip.subarray(0, 60), 'Z_BUF_ERROR'],
  ['half a second member', 'gzip', Buffer.concat([gzip, gzip.subarray(0, 60)]), 'Z_BUF_ERROR'],
  ['half a name', 'gzip', fields.subarray(0, 18), 'Z_BUF_ERROR'],
  ['another checksum', 'gzip', Buffer.concat([gzip.subarray(0, -8), Buffer.alloc(8)]), 'Z_DATA_ERROR'],
  ['no gzip', 'gzip', text, 'Z_DATA_ERROR'],
  ['zstd', 'zstd', zstd, whole],
  ['frames', 'zstd', Buffer.concat([skipped, zstd, skipped, skipped, zstd, skipped]), whole + whole],
  ['half a frame', 'zstd', zstd.subarray(0, -1), 'Z_BUF_ERROR'],
  ['half a second frame', 'zstd', Buffer.concat([zstd, zstd.subarray(0, 2)]), 'Z_BUF_ERROR'],
  ['deflate', 'deflate', deflateSync(text), whole],
  ['deflate without its wrapper', 'deflate', deflateRawSync(text), whole],
  ['br', 'br', brotliCompressSync(text), whole],
  ['half of br', 'br', brotliCompressSync(text).subarray(0, -1), 'Z_BUF_ERROR'],
];

for (const pieceBytes of [1, 7, 1000, Infinity]) {
  test(`each coding is undone in pieces of ${pieceBytes} bytes, or fails for the same reason`, async () => {
    const decoded = await Promise.all(
      rows.map(async ([what, coding, body]) => `${what}: ${await decode(coding, body, pieceBytes)}`),
    );
    assert.equal(
      decoded,
      rows.map(([what, , , expected]) => `${what}: ${expected}`),
    );
  });
}

test('streams of a few bytes leave turns of the event loop to others', async () => {
  const empty = zstdCompressSync('');
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const body = Buffer.concat([...Array.from({ length: 400 }, () => empty), zstd]);
  assert.is(await decode('zstd', body, Infinity), whole);
  clearInterval(timer);
  assert.ok(turns >= 400 / 32, `${turns} turns`);
});

test.run();
