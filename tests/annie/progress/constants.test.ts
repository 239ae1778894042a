/** The hot files have constants of their own, as V8 folds those; this holds them to the ones that all others import. */
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as bytes from '#lib/annie/progress/bytes.ts';
import * as sample from '#lib/annie/progress/sample.ts';

const FOLDER = new URL('../../../src/lib/annie/progress/', import.meta.url);
const shared = new Map<string, unknown>(Object.entries({ ...bytes, ...sample }));

test('a constant of the same name has the same value in every file', () => {
  let compared = 0;
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.ts'))) {
    const text = readFileSync(new URL(file, FOLDER), 'utf8');
    for (const [, name, value] of text.matchAll(/^const (\w+) = (\d+);$/gm)) {
      if (!shared.has(name!)) continue;
      compared++;
      assert.is(Number(value), shared.get(name!), `${name} in ${file}`);
    }
  }
  assert.ok(compared > 20);
});

test.run();
