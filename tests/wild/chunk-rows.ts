/** Rows of `framing.test.ts`: chunks, and heads that are long. */
import { type Row, TYPE } from './coded-rows.ts';

const chunked = (body: string): string =>
  `HTTP/1.1 200 OK\r\n${TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
const headed = (fields: string): string =>
  `HTTP/1.1 200 OK\r\n${TYPE}\r\n${fields}Content-Length: 3\r\n\r\nabc`;
const END = '0\r\n\r\n';
/** Chromium's limit (net/http/http_stream_parser.h, kMaxHeaderBufSize). */
const MAX_HEAD_BYTES = 256 * 1024;

const read: [what: string, body: string][] = [
  ['a blank before an extension', `3 ;x=1\r\nabc\r\n${END}`],
  ['a blank behind a semicolon', `3; x=1\r\nabc\r\n${END}`],
  ['a quoted extension', `3;x="1;2"\r\nabc\r\n${END}`],
  ['a size that blanks pad', `3   \r\nabc\r\n0   \r\n\r\n`],
  ['a semicolon without an extension', `3;\r\nabc\r\n0;\r\n\r\n`],
  ['an extension of 2 kB', `3;x=${'y'.repeat(2000)}\r\nabc\r\n${END}`],
  ['a size with zeros before it', `0000000003\r\nabc\r\n000\r\n\r\n`],
  ['a size with more zeros than a number has digits', `${'0'.repeat(40)}3\r\nabc\r\n${END}`],
  ['chunks whose lines end with LF alone', '1\na\n2\nbc\n0\n\n'],
  ['a length in a trailer', '3\r\nabc\r\n0\r\nContent-Length: 3\r\n\r\n'],
  ['chunks in a trailer', '3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['a trailer that is no field', '3\r\nabc\r\n0\r\nno field\r\n: \r\n\r\n'],
];

export const longRows: Row[] = [
  ...read.map(([what, body]) => ({ what, sent: chunked(body), outcome: 'abc' })),
  { what: 'a field of 20 kB', sent: headed(`X: ${'y'.repeat(20_000)}\r\n`), outcome: 'abc' },
  { what: 'fields of 240 kB', sent: headed(`X-Y: ${'y'.repeat(993)}\r\n`.repeat(240)), outcome: 'abc' },
  {
    what: '50 cookies of 2 kB',
    sent: headed(
      Array.from({ length: 50 }, (_, index) => `Set-Cookie: c${index}=${'y'.repeat(2000)}\r\n`).join(''),
    ),
    outcome: 'abc',
  },
];

export const longFailures: Row[] = [
  ...[
    ['a negative size', `-3\r\nabc\r\n${END}`],
    ['a size with a sign', `+3\r\nabc\r\n${END}`],
    ['a size with a prefix', `0x3\r\nabc\r\n${END}`],
    ['a size of two words', `3 4\r\nabc\r\n${END}`],
    ['no size', `;x\r\nabc\r\n${END}`],
    ['an empty line for a size', `\r\nabc\r\n${END}`],
    ['a size that is no safe number', `20000000000000\r\nabc`],
    ['a size that is too large for any number', `fffffffffffffffffffff3\r\nabc\r\n${END}`],
    ['a chunk that is longer than its size', `3\r\nabcd\r\n${END}`],
    ['an extension of 20 kB', `3;x=${'y'.repeat(20_000)}\r\nabc\r\n${END}`],
  ].map(([what = '', body = '']) => ({ what, sent: chunked(body), outcome: 'not_http' })),
  {
    what: 'no empty line behind the last chunk',
    sent: chunked('3\r\nabc\r\n0\r\n'),
    outcome: 'size_mismatch',
  },
  { what: 'a size that is cut', sent: chunked('3\r\nabc\r\n0'), outcome: 'size_mismatch' },
  {
    what: 'a head that is longer than that of any browser',
    sent: headed(`X: ${'y'.repeat(MAX_HEAD_BYTES)}\r\n`),
    outcome: 'head_too_long',
  },
];
