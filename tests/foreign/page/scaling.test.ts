import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { scanPage } from '#lib/foreign/page/scan.ts';
import { LD, WORST_PAGES } from './worst-pages.ts';
import { cpuOf, growthOf, MOST, oddTexts, repeated, tooSteep } from '../../support/scaling.ts';

const HERE = new URL('https://example.com/p/');
const SIZE = 200_000;

for (const [what, make] of Object.entries(WORST_PAGES)) {
  test(`twice as much of ${what} takes at most three times the CPU`, () => {
    const growth = growthOf((size) => {
      const text = make(size);
      return () => scanPage(text, HERE);
    }, SIZE);
    assert.ok(growth <= MOST, `${growth.toFixed(1)} times`);
  });
}

for (const [what, beside] of [
  ['behind a player', '<video src=v.mp4></video>'],
  ['alone', ''],
] as const) {
  test(`JSON in a string of a script costs at most ten times what words do, ${what}`, () => {
    const script = (unit: string) => (): unknown =>
      scanPage(`${beside}<script>x = "${repeated(unit, SIZE)}";</script>`, HERE);
    const growth = cpuOf(script('\\"key\\": \\"word\\", ')) / cpuOf(script('key of words, and '));
    assert.ok(growth <= 10, `${growth.toFixed(1)} times`);
  });
}

const WORDS = [
  ...['<', '>', '</', '/>', '<b>', '</b>', '<a href=', '<a href=x\u0001.mp4>', '</a>', '<video>', '</video>'],
  ...["<p data-config='", '"w.mp4"', 'data-video=x.mp4>', 'onclick="', '<frame src=', '<area href=?f=x.mp4>'],
  ...['<video src=x\u0001.mp4>', '<source src=', '<source src=y\u0001.mp4>', '<base href=', '<script>', LD],
  ...[
    '</script>',
    '</script',
    '<title>',
    '</title>',
    '<svg>',
    '</svg>',
    '<svg/>',
    '<math>',
    '<foreignobject>',
  ],
  ...[
    '<textarea>',
    '<style>',
    '<plaintext>',
    '<iframe>',
    '<noembed>',
    '<p>',
    '</p>',
    '<li>',
    '<form>',
    '<br>',
  ],
  ...[
    '<!--',
    '-->',
    '<!',
    '<!doctype',
    '<![CDATA[',
    ']]>',
    '<?',
    '&',
    '&amp;',
    '&#',
    '&#x',
    '&#0',
    '&lt',
    '&notin',
  ],
  ...[
    '="',
    "='",
    '=',
    '"',
    "'",
    ' ',
    '\n',
    '\t',
    'x',
    '/',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '#',
    '?',
    '.mp4',
  ],
  ...[
    '{"@type":"VideoObject","contentUrl":"a\u0001"}',
    ' a\u0001=1',
    ' src=1',
    ' title=',
    ' size=',
    ' label=',
  ],
  ...['<meta property="og:video" content=x\u0001>', '<meta name=', 'og:title', 'http://', '//', '../', '%'],
  ...['\u0001', '\u00e9', '\u4e00', '\0', '\ud800', '\u00a0', '\u2028'],
];

test('an odd page of twice the length takes at most three times the CPU', () => {
  const steep = tooSteep(oddTexts(WORDS, { seed: 11, count: 40 }), (text) => scanPage(text, HERE), SIZE);
  assert.equal(steep, []);
});

test.run();
