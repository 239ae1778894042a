import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { safeJson } from '#lib/inspector/safe-json.ts';
import { mask, redact } from '#lib/protocol/redact.ts';
import { oddTexts, tooSteep } from '../support/scaling.ts';
import { StreamMask } from '#lib/inspector/stream-mask.ts';

const SECRET = 'S3cr3tS3cr3tS3cr3t';
const TOKEN = `abcdefghijklmnop.qrstuvwxyz01.${'N'.repeat(43)}`;

/** Text with a secret in it, by the kind of place. */
const HIDING_PLACES: Record<string, (secret: string) => string> = {
  'a query': (s) => `GET https://host.example/path?token=${s} 200`,
  'a query without names': (s) => `https://host.example/path?${s}`,
  'a second parameter': (s) => `https://host.example/a?b=c&d=${s}&e=f`,
  'a fragment': (s) => `see https://host.example/a#${s} there`,
  'the user of an address': (s) => `https://${s}@host.example/a`,
  'the password of an address': (s) => `--proxy http://job:${s}@127.0.0.1:8080`,
  'an address in capitals': (s) => `HTTPS://USER:${s}@HOST/`,
  'an encoded address': (s) => `next=https%3A%2F%2Fhost%2Fa%3Fkey%3D${s}%26x%3D1`,
  'a doubly encoded address': (s) => `https%253A%252F%252Fu%253A${s}%2540host%252Fa`,
  'the user of an encoded address': (s) => `to https%3A%2F%2Fu%3A${s}%40host%2Fa now`,
  'an address in JSON': (s) => JSON.stringify({ url: `https://host/a?k=${s}`, n: 1 }),
  'an address in JSON with escaped slashes': (s) => `{"url":"https:\\/\\/u:${s}@host\\/a?k=${s}","n":1}`,
  'an address in JSON with escaped marks': (s) => `{"url":"https:\\/\\/host\\/a\\u003fk\\u003d${s}"}`,
  'JSON in JSON': (s) => JSON.stringify(JSON.stringify({ url: `https://host/a?k=${s}` })),
  'a query with a quote in it': (s) => JSON.stringify(`https://host/a?q="x"&k=${s}`),
  'a relative address': (s) => `/videoplayback?expire=1&sig=${s}`,
  'an address in an address': (s) => `https://web.example/2020/https://u:${s}@host/x`,
  'an address behind a letter that is no blank': (s) => `https://host/\u00a0?k=${s}`,
  'a header': (s) => `> Authorization: Basic ${s}\n> Accept: */*`,
  'a cookie header': (s) => `Cookie: a=b; session="x"; id=${s}; c=d\r\nHost: h`,
  'headers in JSON': (s) => `{"http_headers":{"Cookie":"a=b; c=${s}","User-Agent":"x"}}`,
  'headers in Python': (s) => `{'Set-Cookie': 'a=b; c=${s}', 'X': 'y'}`,
  'an option': (s) => `--add-header=X-Api-Token:${s}`,
  'a field': (s) => `{"access_token": "${s}"}`,
  'a scheme': (s) => `failed with Bearer ${s}`,
  'the cookie of PHP': (s) => `PHPSESSID=${s}; lang=de`,
  'the cookie of ASP.NET': (s) => `got ASP.NET_SessionId=${s}`,
  'a session id': (s) => `sessionid=${s}`,
  'a session id in camel case': (s) => `{"sessionId":"${s}"}`,
  'a key': (s) => `key=${s}`,
  'the cookie of Laravel or GitLab': (s) => `_gitlab_session=${s}; laravel_session=${s}`,
  'a passkey': (s) => `passkey=${s}`,
  'what is in a link': (s) => `{"grant":"${s}"}`,
  'a token against forged requests': (s) => `csrf: ${s}`,
  'an option and nothing else': (s) => `--token ${s}`,
  'a key in camel case': (s) => `accessKey: ${s}`,
  'an auth field': (s) => `auth=${s}`,
  'an option of a password': (s) => `yt-dlp --video-password ${s} --newline`,
  'an option in a list': (s) => `['--password', '${s}', '--newline']`,
  'an option in JSON': (s) => JSON.stringify(['--ap-password', s]),
  'a signature of Amazon': (s) => `X-Amz-Signature=${s}`,
  'a signature of Azure': (s) => `retry with se=2026-01-01&sig=${s}`,
  'a login for curl': (s) => `curl -u "job:${s}" -O`,
  'a login without a scheme': (s) => `proxy job:${s}@10.0.0.1:3128`,
  'a session in a path': (s) => `https://host.example/get;jsessionid=${s}/a`,
  'a part of a path that says so': (s) => `https://host.example/token/${s}/a.m3u8`,
  'a part of a path with a name': (s) => `https://host.example/hls/hdnts=exp=1~hmac=${s}/a.m3u8`,
  'an encoded part of a path': (s) => `u=https%3A%2F%2Fhost%2Fsecret%2F${s}%2Fa`,
};

for (const [where, hide] of Object.entries(HIDING_PLACES)) {
  test(`a secret in ${where} is hidden`, () => {
    const text = hide(SECRET);
    assert.not.ok(redact(text).includes(SECRET.slice(0, 6)), redact(text));
    assert.not.ok(mask(text).includes(SECRET.slice(0, 6)), mask(text));
    assert.is(mask(text).length, text.length);
  });
}

test("Sluice's own tokens are hidden", () => {
  assert.is(redact(`sent ${TOKEN} again`), 'sent *** again');
  assert.not.match(mask(`{"token":"${TOKEN}"}`), /NNN/);
});

for (const [text, shown] of [
  ['PHPSESSID=abc12; lang=de', 'PHPSESSID=***; lang=de'],
  ['sessionid=abc', 'sessionid=***'],
  ['key=ab12', 'key=***'],
  ['auth=ab12&x=1', 'auth=***&x=1'],
  ['ftp://user:pw@host/a', 'ftp://***@host/a'],
  ['https://host/s/a1b2C3d4E5f6/x', 'https://host/s/***/x'],
  ['GET /token/1S3cr3tS3cr3t2a/x.m3u8 HTTP/1.1', 'GET /token/***/x.m3u8 HTTP/1.1'],
  ['/s/a1b2C3d4E5f6', '/s/***'],
] as const) {
  test(`of ${text} only the rest is shown`, () => assert.is(redact(text), shown));
}

test('a password of an option is hidden, however short', () => {
  assert.is(redact('run --password=x --newline'), 'run --password=*** --newline');
  assert.is(redact('run --password x --newline'), 'run --password *** --newline');
});

for (const [what, secret] of [
  [
    'a JSON web token',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U',
  ],
  ['an encrypted one', `eyJhbGciOiJkaXIifQ..${'aB3_'.repeat(8)}.${'cD4-'.repeat(8)}.x`],
] as const) {
  test(`${what} is hidden wherever it stands`, () => {
    for (const text of [
      `it said ${secret} again`,
      `{"a":"${secret}"}`,
      `https://host/live/${secret}/a.m3u8`,
    ]) {
      assert.not.match(redact(text), /eyJ/);
      assert.not.match(redact(text), /aB3_|dozj/);
    }
  });
}

for (const secret of [
  'c3ab8ff13720e8ad9047dd39466b3c89', // hex
  '123e4567-e89b-12d3-a456-426614174000', // a UUID
  'dQw4w9WgXcQ7r1S2t3U4v5W6x7Y8z9A0', // base64
  'AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw', // a bot's
]) {
  test(`${secret} in a path is hidden`, () => {
    assert.is(redact(`GET https://host.example/x/${secret}/a.mp4`), 'GET https://host.example/x/***/a.mp4');
  });
}

for (const text of [
  'https://host.example/films/the-long-name-of-a-film-from-2024.mp4',
  'https://host.example/Some.Show.S01E02-1080p-x265-10bit-HDR10.mkv',
  'https://host.example/video/12345678901234567890123',
  'https://host.example/dQw4w9WgXcQ/thumbnail.jpg',
  'monkey=see, turkey: delicious',
  'key=5 auth=12 sid=7',
  'Auth: 3 of 4',
  '/s/the-long-name-of-a-film/part-2',
  '/downloads/2026/Some.Show.S01E02-1080p.mkv',
  'joe@example.com wrote: 12 of 20 done',
  '10:30 at 3@4',
  'author=Smithson design=3 passed=12345678',
  'the keys: several of them',
  'the password is not a secret',
  'What is this? Really',
  'Episode 3: the Token of Love',
  'https://host.example/path/file.mp4',
  'command:c1',
  'download.throttle',
  '12 % at 3.4 MB/s',
  'a/b?c',
  'C# for beginners',
]) {
  test(`${JSON.stringify(text)} is not changed`, () => assert.is(redact(text), text));
}

test('masked JSON is still valid JSON', () => {
  for (const hide of [
    HIDING_PLACES['an address in JSON'],
    HIDING_PLACES['an address in JSON with escaped slashes'],
    HIDING_PLACES['headers in JSON'],
    HIDING_PLACES['a query with a quote in it'],
  ]) {
    assert.not.throws(() => JSON.parse(mask(hide?.(SECRET) ?? '')) as unknown);
  }
});

test('no secret in an object is shown, whatever its field', () => {
  const shown = JSON.stringify(
    safeJson({
      a: { cookie: SECRET, url: `https://h/?${SECRET}` },
      password: SECRET,
      list: [`https://u:${SECRET}@h/`],
    }),
  );
  assert.not.ok(shown.includes(SECRET), shown);
});

/** Random secrets at random places in a stream, cut anywhere, also within characters. */
const secret = fc.stringMatching(/^[A-Za-z0-9]{12,40}$/);
const place = fc.constantFrom(...Object.values(HIDING_PLACES));
const noise = fc.constantFrom(
  '',
  'ok\n',
  '[download]  12.0% of 3MiB\r',
  'Größe 3\n',
  '\u001b[0K\r',
  'x'.repeat(9000),
  '{"a":1} ',
);
const stream = fc.array(fc.record({ before: noise, place, secret, after: noise }), {
  minLength: 1,
  maxLength: 6,
});

test('no secret gets through a masked stream, however it is cut', () => {
  fc.assert(
    fc.property(
      stream,
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 200 }),
      fc.boolean(),
      (parts, sizes, isLate) => {
        const text = parts
          .map(({ before, place: hide, secret: hidden, after }) => `${before} ${hide(hidden)} \n${after}`)
          .join('');
        const bytes = Buffer.from(text);
        const masks = new StreamMask();
        let out = Buffer.alloc(0);
        for (let at = 0, k = 0; at < bytes.length; k++) {
          const chunks: Buffer[] = [];
          // One chunk or several in one flush.
          for (let n = 0; n < (isLate ? 3 : 1) && at < bytes.length; n++) {
            const end = at + (sizes[(k + n) % sizes.length] ?? 1);
            chunks.push(bytes.subarray(at, end));
            at = end;
          }
          const masked = masks.push(chunks, at >= bytes.length);
          assert.equal(
            masked.map(({ length }) => length),
            chunks.map(({ length }) => length),
          );
          out = Buffer.concat([out, ...masked]);
        }
        const shown = out.toString();
        for (const { secret: hidden } of parts) {
          for (let from = 0; from + 8 <= hidden.length; from++) {
            const piece = hidden.slice(from, from + 8);
            assert.not.ok(shown.includes(piece), `${piece} of ${hidden} in ${shown}`);
          }
        }
        assert.is(out.length, bytes.length);
      },
    ),
    { numRuns: 150 },
  );
});

const HOSTILE_WORDS = [
  '//',
  'a?',
  '%25',
  '\\',
  'token=',
  'a-',
  'cookie: "',
  'https://a@',
  '\\/',
  'bearer ',
  'a.',
  'x-',
  'eyJ',
  'eyJ.',
  '--password ',
  'key/',
  '1a',
  '.eyJ',
  'basic ',
  '-u ',
  '/s/',
  '@',
];

test('hostile text of twice the length takes at most three times the CPU', () => {
  const texts = [...oddTexts(HOSTILE_WORDS, { seed: 19, count: 12 })];
  assert.equal(
    tooSteep(texts, (text) => mask(text, true), 20_000),
    [],
  );
  assert.equal(tooSteep(texts, redact, 20_000), []);
});

test('an unfinished JSON web token is hidden from its beginning, behind any mark', () => {
  for (const before of ['', 'x ', '=', '.', 'a.b.', '-.'])
    assert.is(mask(`${before}eyJhbGci.a-b`, true), `${before}${'*'.repeat(12)}`);
  assert.is(mask('xeyJhbGci.a-b', true), 'xeyJhbGci.a-b');
});

test('a mask keeps the length of hostile text', () => {
  for (const piece of HOSTILE_WORDS) {
    const masked = mask(piece.repeat(50_000), true);
    assert.is(masked.length, piece.length * 50_000);
  }
});

test.run();
