/** Heads and framings that bend the rules: as RFC 9112 (section 6.3) says, and lenient where Chromium is. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { testUnless } from '../support/skip.ts';
import { missing } from '../support/tools.ts';
import { COMPARED_ROWS, openChromium } from './chromium.ts';
import { longFailures, longRows } from './chunk-rows.ts';
import { coded, codings, type Row, TYPE } from './coded-rows.ts';
import { response } from './origin.ts';
import { openWildKit } from './outcome.ts';

/** The status line, the type, the fields of the row, and the body `abc`, unless the row has another. */
const answer = (fields: string, body = 'abc'): string =>
  `HTTP/1.1 200 OK\r\n${TYPE}\r\n${fields}\r\n\r\n${body}`;
const CHUNKS = '3\r\nabc\r\n0\r\n\r\n';
const LENGTH = 'Content-Length: 3';
const CHUNKED = 'Transfer-Encoding: chunked';

const framings: Row[] = [
  { what: 'a length beside chunks', sent: answer(`Content-Length: 9\r\n${CHUNKED}`, CHUNKS), outcome: 'abc' },
  { what: 'chunks before a length', sent: answer(`${CHUNKED}\r\nContent-Length: 2`, CHUNKS), outcome: 'abc' },
  { what: 'chunked, said twice', sent: answer(`${CHUNKED}\r\n${CHUNKED}`, CHUNKS), outcome: 'abc' },
  {
    what: 'gzip, chunked, without gzip',
    sent: answer('Transfer-Encoding: gzip, chunked', CHUNKS),
    outcome: 'abc',
  },
  ...['chunked, identity', 'chunked,', ', chunked', 'Chunked', 'chunked, gzip'].map((coding) => ({
    what: `the transfer coding "${coding}"`,
    sent: answer(`Transfer-Encoding: ${coding}`, CHUNKS),
    outcome: 'abc',
  })),
  { what: 'the transfer coding br', sent: answer('Transfer-Encoding: br'), outcome: 'abc' },
  {
    what: 'the transfer coding identity',
    sent: answer(`Transfer-Encoding: identity\r\n${LENGTH}`),
    outcome: 'abc',
  },
  { what: 'one length twice', sent: answer(`${LENGTH}\r\n${LENGTH}`), outcome: 'abc' },
  { what: 'one length in a list', sent: answer('Content-Length: 3, 3'), outcome: 'abc' },
  { what: 'a negative length', sent: answer('Content-Length: -1'), outcome: 'abc' },
  { what: 'a length with a sign', sent: answer('Content-Length: +3'), outcome: 'abc' },
  { what: 'a length that is no number', sent: answer('Content-Length: many'), outcome: 'abc' },
  { what: 'neither length nor chunks', sent: answer('X: y'), outcome: 'abc' },
  {
    what: 'lines that end with LF alone',
    sent: `HTTP/1.1 200 OK\n${TYPE}\n${LENGTH}\n\nabc`,
    outcome: 'abc',
  },
  {
    what: 'chunks behind lines that end with LF alone',
    sent: `HTTP/1.1 200 OK\n${TYPE}\n${CHUNKED}\n\n${CHUNKS}`,
    outcome: 'abc',
  },
  {
    what: 'a 100 that nobody asked for',
    sent: `HTTP/1.1 100 Continue\r\n\r\n${answer(LENGTH)}`,
    outcome: 'abc',
  },
  { what: 'no reason', sent: `HTTP/1.1 200\r\n${TYPE}\r\n${LENGTH}\r\n\r\nabc`, outcome: 'abc' },
  {
    what: 'HTTP/2 in the status line',
    sent: `HTTP/2 200 OK\r\n${TYPE}\r\n${LENGTH}\r\n\r\nabc`,
    outcome: 'abc',
  },
  { what: 'HTTP/1.0 without a length', sent: `HTTP/1.0 200 OK\r\n${TYPE}\r\n\r\nabc`, outcome: 'abc' },
  { what: 'an empty line before the status', sent: `\r\n${answer(LENGTH)}`, outcome: 'abc' },
  { what: 'a byte order mark before the status', sent: `\ufeff${answer(LENGTH)}`, outcome: 'abc' },
  { what: 'blanks before the status', sent: `  ${answer(LENGTH)}`, outcome: 'abc' },
  { what: 'four bytes before the status', sent: `wxyz${answer(LENGTH)}`, outcome: 'abc' },
  { what: 'blanks behind a length', sent: answer('Content-Length: 3   '), outcome: 'abc' },
  {
    what: 'a recording of a radio station',
    sent: `ICY 200 OK\r\n${TYPE}\r\nicy-name: Jazz\r\n${LENGTH}\r\n\r\nabc`,
    outcome: 'abc',
    unlikeChromium: 'it takes it for no HTTP; players read it',
  },
  { what: 'a folded line', sent: answer(`X: a\r\n b\r\n${LENGTH}`), outcome: 'abc' },
  { what: 'a line without a colon', sent: answer(`junk\r\n${LENGTH}`), outcome: 'abc' },
  { what: 'a blank before the colon', sent: answer('Content-Length : 3'), outcome: 'abc' },
  { what: 'a blank in a name', sent: answer(`X Y: 3\r\n${LENGTH}`), outcome: 'abc' },
  { what: 'a control character in a value', sent: answer(`X: a\x01b\r\n${LENGTH}`), outcome: 'abc' },
  { what: 'a line of CR alone', sent: answer(`X: y\r\n\r\r\n${LENGTH}`), outcome: 'abc' },
  {
    what: 'ten interim responses',
    sent: `HTTP/1.1 102 P\r\n\r\n`.repeat(10) + answer(LENGTH),
    outcome: 'abc',
  },
  {
    what: 'early hints',
    sent: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${answer(LENGTH)}`,
    outcome: 'abc',
  },
];

framings.push(...longRows);

const failures: Row[] = [
  ...longFailures,
  {
    what: 'chunks that are cut short by a close',
    sent: answer(`${CHUNKED}\r\nConnection: close`, '9\r\nabc'),
    outcome: 'size_mismatch',
  },
  { what: 'two lengths', sent: answer(`${LENGTH}\r\nContent-Length: 4`, 'abcd'), outcome: 'not_http' },
  { what: 'two lengths in a list', sent: answer('Content-Length: 3, 4', 'abcd'), outcome: 'not_http' },
  { what: 'a NUL in a value', sent: answer(`X: a\0b\r\n${LENGTH}`), outcome: 'not_http' },
  { what: 'the greeting of an SSH server', sent: 'SSH-2.0-OpenSSH_9.2\r\n', outcome: 'not_http' },
  { what: 'the greeting of an FTP server', sent: '220 ready\r\n', outcome: 'not_http' },
  {
    what: 'a radio station',
    sent: `ICY 200 OK\r\n${TYPE}\r\nicy-name: Jazz\r\nicy-metaint: 8192\r\n\r\nabc`,
    outcome: 'live_stream',
  },
  {
    what: 'a radio station of today',
    sent: `HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\nicy-br: 128\r\n\r\nabc`,
    outcome: 'live_stream',
  },
  { what: 'five bytes before the status', sent: `vwxyz${answer(LENGTH)}`, outcome: 'not_http' },
  { what: 'no head', sent: 'abc', outcome: 'not_http' },
  { what: 'no head, in bytes', sent: Buffer.from('7f454c4602010100', 'hex'), outcome: 'not_http' },
  {
    what: 'eleven interim responses',
    sent: `HTTP/1.1 102 P\r\n\r\n`.repeat(11) + answer(LENGTH),
    outcome: 'not_http',
  },
  { what: 'no status', sent: `HTTP/1.1 OK\r\n${LENGTH}\r\n\r\nabc`, outcome: 'not_http' },
  {
    what: 'a body that is shorter than its length',
    sent: answer('Content-Length: 5'),
    outcome: 'size_mismatch',
  },
  {
    what: 'a coded body that is shorter than what it is of, and than its length',
    sent: response(`${TYPE}\r\nContent-Encoding: gzip\r\nContent-Length: 99`, gzipSync('abc')),
    outcome: 'size_mismatch',
  },
  {
    what: 'half a coded body with the length of the identity',
    sent: response(
      `${TYPE}\r\nContent-Encoding: gzip\r\nContent-Length: 2050`,
      gzipSync('What is encoded is longer than its code. '.repeat(50)).subarray(0, 40),
    ),
    outcome: 'size_mismatch',
  },
  {
    what: 'words behind zstd',
    sent: response(
      `${TYPE}\r\nContent-Encoding: zstd`,
      Buffer.concat([zstdCompressSync('abc'), Buffer.from('words')]),
    ),
    outcome: 'remote_status',
  },
  { what: 'no last chunk', sent: answer(CHUNKED, '3\r\nabc\r\n'), outcome: 'size_mismatch' },
  { what: '204', sent: 'HTTP/1.1 204 No Content\r\n\r\n', outcome: 'remote_status' },
  { what: '205', sent: 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n', outcome: 'remote_status' },
];

const kit = await openWildKit();
const { origin } = kit;

function serve(rows: readonly Row[], prefix: string): (Row & { url: string })[] {
  return rows.map((row, index) => ({
    ...row,
    url: origin.serve(row.path ?? `/${prefix}-${index}`, row.sent),
  }));
}

async function outcomeOf(url: string): Promise<string | Buffer> {
  const { state, body } = await kit.download(url);
  return state === 'complete' ? body : state;
}

function textOf(outcome: string | Buffer): string {
  return Buffer.from(outcome).toString('latin1');
}

for (const [rows, prefix] of [
  [framings, 'framing'],
  [failures, 'failure'],
  [codings, 'coding'],
] as const) {
  test(`the file of each odd ${prefix}, or why there is none`, async () => {
    const outcomes = await Promise.all(
      serve(rows, prefix).map(async ({ what, url }) => `${what}: ${textOf(await outcomeOf(url))}`),
    );
    assert.equal(
      outcomes,
      rows.map(({ what, outcome }) => `${what}: ${textOf(outcome)}`),
    );
  });
}

test('what is not HTTP is final, and requested once with a range and once without', async () => {
  const { state, message } = await kit.download(origin.serve('/ssh', 'SSH-2.0-OpenSSH_9.2\r\n'));
  assert.equal([state, origin.requestsFor('/ssh').length], ['not_http', 2]);
  assert.match(message, /not valid HTTP/);
});

test('a head may arrive byte by byte, and with the end of its body in one piece', async () => {
  for (const { what, sent, outcome } of framings) {
    // A socket takes 10 µs for each piece.
    if (sent.length > 5000) continue;
    const bytes = [...Buffer.from(sent)].map((byte) => Buffer.from([byte]));
    const url = origin.serve('/bytes', () => bytes);
    assert.is(textOf(await outcomeOf(url)), textOf(outcome), what);
    const half = Buffer.from(sent);
    origin.serve('/bytes', () => [half.subarray(0, 20), half.subarray(20)]);
    assert.is(textOf(await outcomeOf(url)), textOf(outcome), what);
  }
});

test('a connection whose framing was odd serves no further request', async () => {
  const url = origin.serve('/again', answer(`Content-Length: 9\r\n${CHUNKED}`, CHUNKS));
  for (let i = 0; i < 3; i++) assert.is((await kit.download(url)).body.toString(), 'abc');
});

test('a gzipped page is read, and one that unpacks to more than a page is too_complex', async () => {
  origin.serve('/clip.mp4', response('Content-Type: video/mp4', 'clip'));
  const page = gzipSync('<title>Zipped</title><video src=/clip.mp4></video>');
  assert.equal(await kit.titlesOf(origin.serve('/page', coded('gzip', page, 'text/html'))), ['Zipped']);
  const bomb = gzipSync(Buffer.concat([Buffer.from('<html>'), Buffer.alloc(20_000_000, ' ')]));
  assert.is(await kit.list(origin.serve('/bomb', coded('gzip', bomb, 'text/html'))), 'too_complex');
});

testUnless(test, missing('chromium'), 'Chromium saves the same bytes', async () => {
  const rows = serve([...framings, ...codings], 'chromium').filter(
    ({ unlikeChromium }) => unlikeChromium === undefined,
  );
  assert.is(rows.length, COMPARED_ROWS.framing);
  const chromium = await openChromium(origin.serve('/blank', response('Content-Type: text/html', '<body>')));
  try {
    const saved = await chromium.save(rows.map(({ url }) => url));
    assert.equal(
      rows.map(({ what, url }) => `${what}: ${saved.get(url)?.body?.toString()}`),
      rows.map(({ what, outcome }) => `${what}: ${outcome.toString()}`),
    );
  } finally {
    await chromium.close();
  }
});

test('a reset in a body without a length is no end of it', async () => {
  let begun: Socket | null = null;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(answer('Connection: close', 'x'.repeat(50_000)), () => (begun = socket));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const onSample = ({ receivedBytes }: { receivedBytes: number }): void => {
      if (receivedBytes > 0) begun?.resetAndDestroy();
    };
    const { state } = await kit.download(`http://127.0.0.1:${port}/cut.bin`, { onSample });
    assert.is(state, 'connection_lost');
  } finally {
    server.close();
  }
});

test.after(async () => {
  await kit.close();
});

test.run();
