/** Untrusted text and engine output that is still parsed in the main thread: all of it in linear time. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CookieJar } from 'tough-cookie';
import { safeFileName } from '#lib/files/file-name.ts';
import { GatheredBytes } from '#lib/foreign/gathered-bytes.ts';
import { forwardedHeaders, parseProxyAuthorization } from '#lib/guard/proxy-head.ts';
import { classify } from '#lib/annie/http/content/classify.ts';
import { HeadBytes } from '#lib/annie/http/client/head-bytes.ts';
import { readPlainHead } from '#lib/annie/http/client/plain-head.ts';
import { binaryKind } from '#lib/annie/http/content/binary.ts';
import { codingsOf, withoutFalseCoding } from '#lib/annie/http/head/codings.ts';
import { addressText } from '#lib/annie/http/head/header-text.ts';
import { rewrittenHead } from '#lib/annie/http/client/lenient-head.ts';
import {
  charsetOf,
  contentRangeOf,
  contentTypeOf,
  dispositionName,
  headFrom,
  validatorsOf,
} from '#lib/annie/http/head/head.ts';
import { fileNameFor, stemOf } from '#lib/annie/http/head/names.ts';
import { retryAfterMs } from '#lib/annie/http/failure/status.ts';
import { identify } from '#lib/annie/lux/locate.server.ts';
import { createProgressParser, type Dialect } from '#lib/annie/progress/parser.ts';
import { OutputTail } from '#lib/runner/output-tail.ts';
import { supportIn } from '#lib/annie/yt-dlp/url-support.ts';
import { selectorOf } from '#lib/annie/yt-dlp/selector.ts';
import { isVersion } from '#lib/annie/yt-dlp/version.ts';
import { splitItem } from '#lib/foreign/yt-dlp/item-url.ts';
import { mask, redact } from '#lib/protocol/redact.ts';
import { StreamMask } from '#lib/inspector/stream-mask.ts';
import { cleanTitle } from '#lib/protocol/title.ts';
import { checkUrl, parseUrl, withScheme } from '#lib/protocol/url.ts';
import { growthOf, MOST, oddTexts, repeated, tooSteep } from '../support/scaling.ts';

const SIZE = 50_000;
const BASE = new URL('https://example.com/a/b');

const WORDS = [
  ...[
    ' ',
    '\t',
    '\r',
    '\n',
    '\r\n',
    '\0',
    '\u001b',
    '\u001b[',
    '\u001b]',
    '\u0007',
    '\u009b',
    'm',
    ';',
    ':',
    ',',
    '.',
  ],
  ...[
    '"',
    "'",
    '=',
    '/',
    '\\',
    '//',
    '../',
    '?',
    '#',
    '@',
    '%',
    '%25',
    '%2f',
    '%252f',
    '&',
    '<',
    '>',
    '(',
    ')',
    '[',
  ],
  ...[
    ']',
    '{',
    '}',
    '|',
    '*',
    '-',
    '_',
    '+',
    '~',
    '`',
    '0',
    '9',
    'a',
    'x',
    'Z',
    '\u00e9',
    '\u4e00',
    '\ud800',
    '\u0301',
  ],
  ...[
    '\u0315',
    '\u200b',
    '\u202e',
    '\u2028',
    '\u00a0',
    '\u0001',
    'http://',
    'https://',
    'bytes ',
    'filename',
    "''",
  ],
  ...[
    'UTF-8',
    'gzip',
    'W/',
    'Mon, ',
    'Jan ',
    'GMT',
    'Basic ',
    'bearer ',
    'cookie: ',
    'token=',
    'authorization',
  ],
  ...[
    'Downloading ',
    ' error:',
    ' Site:',
    ' Title:',
    ' Type:',
    ' Stream',
    '     [',
    '     # download with:',
    'ERROR:',
  ],
  ...[
    '[download] ',
    'Destination: ',
    '12.3%',
    ' of ',
    '1.2MiB',
    ' / ',
    'KiB/s',
    ' [====>--]',
    'frame=',
    'time=',
    'Run ',
  ],
  ...[
    ' failed: ',
    'lux: version ',
    ', ',
    'video downloader',
    '.tar',
    '.mp4',
    '.mp3',
    'con',
    'xn--',
    '<MPD',
    '#EXTM3U',
  ],
];

function progress(dialect: Dialect): (text: string) => unknown {
  return (text) => {
    const parser = createProgressParser(dialect, { sample() {}, event() {} });
    const bytes = Buffer.from(text);
    for (const fd of [1, 2] as const) {
      for (let at = 0; at < bytes.length; at += 4096) parser.push(fd, bytes.subarray(at, at + 4096));
      parser.push(fd, Buffer.from('\n'));
    }
    parser.end();
  };
}

const field = (name: string, value: string): ReturnType<typeof headFrom> => headFrom({ [name]: value });

const LOOKS: Record<string, (text: string) => unknown> = {
  'a plain head': (text) => readPlainHead(`HTTP/1.1 200 OK\r\nx: ${text}`),
  'a bent head': (text) => {
    try {
      return [rewrittenHead(`HTTP/1.1 200 OK\n${text}\n\n`), rewrittenHead(`${text}\r\n\r\n`)];
    } catch {
      return null;
    }
  },
  'a disposition': (text) => dispositionName(field('content-disposition', text)),
  'a disposition of a name': (text) =>
    dispositionName(field('content-disposition', `attachment; filename*=UTF-8''${text}`)),
  'the fields of a head': (text) => [
    ...[validatorsOf(field('etag', text)), validatorsOf(field('last-modified', text))],
    ...[contentRangeOf(field('content-range', text)), codingsOf(field('content-encoding', text))],
    ...[contentTypeOf(field('content-type', text)), charsetOf(field('content-type', text))],
    ...[retryAfterMs(text, 0), addressText(text)],
    withoutFalseCoding(BASE, field('content-encoding', text)),
  ],
  'the kind of an answer': (text) =>
    classify(BASE, 200, field('content-type', text), new TextEncoder().encode(text)),
  'fields that are forwarded': (text) => [
    forwardedHeaders({ connection: text }),
    parseProxyAuthorization(`Basic ${text}`),
  ],
  'a file name': (text) => [safeFileName(text), fileNameFor(BASE, text, 'video/mp4'), stemOf(text)],
  'a title': cleanTitle,
  'an address': (text) => [parseUrl(text, BASE), parseUrl(`http://${text}`), splitItem(text)],
  'an address that was typed': (text) => [checkUrl(`http://${text}`), withScheme(text)],
  'an address without a scheme': (text) => withScheme(`a.${text}`),
  'a cookie': (text) => new CookieJar().setCookieSync(text.slice(0, 4096), BASE.href, { ignoreError: true }),
  'what is called a page': (text) => binaryKind(text, null),
  "a program's own words": (text) => [identify(text), supportIn(text, 'x'), isVersion(text)],
  'a stream id': (text) => selectorOf(text, true),
  'the end of an output': (text) => {
    const tail = new OutputTail();
    for (let at = 0; at < text.length; at += 10) tail.append(text.slice(at, at + 10));
    return tail.toString();
  },
  'what the inspector shows': (text) => [redact(text), mask(text, true)],
  'what the inspector records': (text) => {
    const masking = new StreamMask('a line');
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += 16 * 1024)
      masking.push([bytes.subarray(at, at + 16 * 1024)], false);
  },
  'progress of lux': progress({ engine: 'lux' }),
  'progress of annie': progress({ engine: 'annie' }),
  'progress of yt-dlp': progress({ engine: 'yt-dlp', prefix: 'x' }),
};

for (const [what, look] of Object.entries(LOOKS)) {
  test(`${what} of twice the length takes at most three times the CPU, whatever it is`, () => {
    assert.equal(tooSteep(oddTexts(WORDS, { seed: 29, count: 40 }), look, SIZE), []);
  });
}

/** Each of these was once slower than linear. */
const TEXTS: Record<string, (size: number) => () => unknown> = {
  'blanks in a head': (n) => {
    const text = `HTTP/1.1 200 OK\r\nx:${repeated(' ', n)}\0`;
    return () => readPlainHead(text);
  },
  'a head that drips in': (n) => () => {
    const head = new HeadBytes();
    const piece = Buffer.from('x');
    for (let i = 0; i < n / 10; i++) head.add(piece);
  },
  'an answer that drips in': (n) => () => {
    const gathered = new GatheredBytes();
    for (let i = 0; i < n; i++) gathered.add(new Uint8Array(1));
    return gathered.take();
  },
  'errors in one line of lux': (n) => {
    const text = repeated('xDownloading ', Math.min(n, 30_000));
    return () => progress({ engine: 'lux' })(text);
  },
  'connection options and fields': (n) => {
    const connection = repeated('a\u0001,', n);
    const names = Array.from({ length: n / 10 }, (_, i) => [`h${i}`, '']);
    const headers = Object.fromEntries([['connection', connection], ...names]) as Record<string, string>;
    return () => forwardedHeaders(headers);
  },
  "lines of a program's own words": (n) => {
    const text = repeated('\n', n);
    return () => identify(text);
  },
};

for (const [what, make] of Object.entries(TEXTS)) {
  test(`twice as many ${what} take at most three times the CPU`, () => {
    const growth = growthOf(make, SIZE);
    assert.ok(growth <= MOST, `${growth.toFixed(1)} times`);
  });
}

test('a host that would become Punycode slowly is no address, and one as long as a name may be is', () => {
  const han = (length: number): string =>
    Array.from({ length }, (_, i) => String.fromCharCode(0x4e00 + i)).join('');
  for (const address of [
    `http://${han(2700)}/`,
    `//${han(256)}`,
    `ht\ttp:/\\${han(300)}`,
    `http://${'%e4%b8%80'.repeat(30)}/`,
  ])
    assert.is(parseUrl(address, BASE), null, address.slice(0, 20));
  assert.match(
    parseUrl(`http://${'\u4e00'.repeat(10)}.example/${han(500)}`)?.hostname ?? '',
    /^xn--\w+\.example$/,
  );
  assert.is(parseUrl(han(500), BASE)?.hostname, 'example.com');
  assert.is(parseUrl('x'.repeat(8193), BASE), null);
  assert.is(parseUrl('x'.repeat(8192), BASE), null);
  assert.ok(parseUrl('x'.repeat(8000), BASE));
});

test.run();
