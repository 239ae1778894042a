/** Hot files of the parser have constants of their own, which V8 folds into the code. */
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const FOLDER = new URL('../../../src/lib/annie/progress/', import.meta.url);

test('a constant of the same name has the same value in every file', () => {
  const values = new Map<string, string>();
  let compared = 0;
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.ts'))) {
    const text = readFileSync(new URL(file, FOLDER), 'utf8');
    for (const [, name = '', value = ''] of text.matchAll(/^const (\w+) = (\d+);$/gm)) {
      if (values.has(name)) compared++;
      assert.is(values.get(name) ?? value, value, `${name} in ${file}`);
      values.set(name, value);
    }
  }
  assert.ok(compared > 8);
});

test.run();
