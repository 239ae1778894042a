import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ErrorCode, ERRORS } from '#lib/protocol/error.ts';

type Text = string | { match: Record<string, string> }[];

function read(locale: string): Record<string, Text> {
  const path = new URL(`../../messages/${locale}.json`, import.meta.url);
  const { $schema: _, ...texts } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Text>;
  return texts;
}

const en = read('en');
const zh = read('zh');

/** Shown only by the command line. */
const NEVER_ON_A_PAGE: ErrorCode[] = ['data_dir_busy', 'invalid_recording', 'invalid_trace', 'trace_newer'];

function placeholders(text: Text): string[] {
  const sentences = typeof text === 'string' ? [text] : text.flatMap(({ match }) => Object.values(match));
  return [...new Set(sentences.flatMap((sentence) => sentence.match(/\{\w+\}/g) ?? []))].sort();
}

test('every error that can appear on a page has a text with a remedy', () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    if (NEVER_ON_A_PAGE.includes(code)) continue;
    assert.ok(en[`error_${code}`], `messages/en.json: error_${code}`);
  }
});

test('the page imports the text of every error', () => {
  const source = readFileSync(new URL('../../src/lib/ui/error-texts.ts', import.meta.url), 'utf8');
  for (const key of Object.keys(en)) {
    if (!key.startsWith('error_') || key === 'error_unknown') continue;
    assert.ok(source.includes(`${key.slice('error_'.length)}: m.${key},`), key);
  }
});

test('the catalogue has no text for an error that does not exist', () => {
  for (const key of Object.keys(en)) {
    if (!key.startsWith('error_') || key === 'error_unknown') continue;
    assert.ok(key.slice('error_'.length) in ERRORS, key);
  }
});

test('both languages have the same texts', () => {
  assert.equal(Object.keys(zh).sort(), Object.keys(en).sort());
});

test('a translation uses exactly the placeholders of the original', () => {
  for (const [key, text] of Object.entries(zh)) {
    const known = placeholders(en[key] ?? '');
    for (const placeholder of placeholders(text)) {
      // A singular form may omit the number that the plural uses.
      const declared = typeof text !== 'string' && placeholder === '{count}';
      assert.ok(declared || known.includes(placeholder), `${key}: ${placeholder}`);
    }
    assert.ok(typeof text !== 'string' || text.trim() !== '', key);
  }
});

test('every text is translated', () => {
  for (const [key, text] of Object.entries(zh)) {
    // Names, and texts of placeholders only, are the same in all languages.
    if (key === 'app_name' || key === 'title_speed' || key === 'speed') continue;
    if (typeof text === 'string' && /^(?:\{\w+\}|[^\p{L}])+$/u.test(text)) continue;
    assert.match(JSON.stringify(text), /\p{Script=Han}/u, key);
  }
});

test.run();
