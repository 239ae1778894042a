import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isSafeFileName, MAX_NAME_BYTES, numbered, safeFileName } from '#lib/files/file-name.ts';

/** Whatever a server may call a file: text of every kind, with what hurts thrown in more often than by chance. */
const anyName = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.string(),
      fc.constantFrom(
        '..',
        '/',
        '\\',
        '.',
        ' ',
        ':',
        '\0',
        '\n',
        '\u202E',
        '\u2066',
        '\u200E',
        '\u061C',
        '\u200B',
      ),
      fc.constantFrom(
        'CON',
        'nul',
        'COM1',
        'LPT¹',
        '.mp4',
        '.tar.gz',
        '\uD83D',
        '\uDE00',
        '👨‍👩‍👧',
        'e\u0301',
        'é',
      ),
      fc.constant('\u0301'.repeat(150)),
      fc.constant('長'.repeat(90)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

const bytesOf = (text: string): number => Buffer.byteLength(text);

test('whatever is suggested becomes a safe base name that leaves room for a number', () => {
  fc.assert(
    fc.property(anyName, (suggested) => {
      const name = safeFileName(suggested);
      assert.ok(name.length > 0);
      assert.ok(bytesOf(name) <= MAX_NAME_BYTES - 5, `${bytesOf(name)} bytes`);
      assert.not.match(name, /[<>:"/\\|?*\p{Cc}\p{Cf}]/u);
      assert.not.match(name, /^[. ]|[. ]$/);
      assert.not.match(name, /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
      assert.ok(name.isWellFormed());
      assert.is(name, name.normalize('NFC'));
      assert.ok(isSafeFileName(name));
    }),
    { numRuns: 2_000 },
  );
});

test('a safe name comes back unchanged', () => {
  fc.assert(
    fc.property(anyName, (suggested) => {
      const name = safeFileName(suggested);
      assert.is(safeFileName(name), name);
    }),
    { numRuns: 1_000 },
  );
});

test('a numbered name is safe, within 200 bytes and different for each number', () => {
  fc.assert(
    fc.property(anyName, fc.integer({ min: 2, max: 1_000_000 }), (suggested, n) => {
      const name = safeFileName(suggested);
      const second = numbered(name, n);
      assert.ok(bytesOf(second) <= MAX_NAME_BYTES);
      assert.ok(isSafeFileName(second), second);
      assert.not.equal(second, numbered(name, n + 1));
      assert.not.equal(second, name);
    }),
    { numRuns: 1_000 },
  );
});

test('the extension survives however long the name is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 100, maxLength: 4_000 }), (stem) => {
      assert.ok(safeFileName(`${stem}.mp4`).endsWith('.mp4'));
      assert.ok(numbered(safeFileName(`${stem}.tar.gz`), 12).endsWith(' (12).tar.gz'));
    }),
    { numRuns: 200 },
  );
});

test('a cut never splits a grapheme that fits', () => {
  const name = safeFileName(`${'🇨🇳'.repeat(60)}.mp4`);
  assert.match(name, /^(🇨🇳)+\.mp4$/u);
  assert.ok(bytesOf(name) > 180);
});

for (const [suggested, expected] of [
  ['../../etc/passwd', '_.._etc_passwd'],
  ['..\\..\\boot.ini', '_.._boot.ini'],
  ['CON', '_CON'],
  ['nul.tar.gz', '_nul.tar.gz'],
  ['COM¹.txt', '_COM¹.txt'],
  ['console.log', 'console.log'],
  ['AC/DC: Live?.webm', 'AC_DC_ Live_.webm'],
  ['annexe\u0301.pdf', 'annexé.pdf'],
  ['\u202Egpj.exe', 'gpj.exe'],
  ['line\r\nbreak\tand   spaces.mp4', 'line break and spaces.mp4'],
  ['  . name . .mp4. ', 'name.mp4'],
  ['v1.2', 'v1.2'],
  ['\u200B.mp4', 'download.mp4'],
  ['...', 'download'],
  ['a\uD800b', 'a\uFFFDb'],
] as const) {
  test(`${JSON.stringify(suggested)} becomes ${JSON.stringify(expected)}`, () => {
    assert.is(safeFileName(suggested), expected);
  });
}

test('an extension is added to a name without one, and only then', () => {
  assert.is(safeFileName('clip', { ext: 'mp4' }), 'clip.mp4');
  assert.is(safeFileName('Part 1. The end', { ext: 'mp4' }), 'Part 1. The end.mp4');
  assert.is(safeFileName('clip.mkv', { ext: 'mp4' }), 'clip.mkv');
  assert.is(safeFileName('clip', { ext: '../x' }), 'clip');
});

test('the fallback is made safe too', () => {
  assert.is(safeFileName('', { fallback: '../x' }), '_x');
  assert.is(safeFileName('', { fallback: '...' }), 'download');
});

test('names that are no base names are not safe', () => {
  for (const name of [
    '',
    '.',
    '..',
    'a/b',
    '.sluice',
    'a\\b',
    'x'.repeat(201),
    'a\u202E',
    'con',
    ' a',
    'a.',
  ]) {
    assert.not.ok(isSafeFileName(name), name);
  }
});

test.run();
