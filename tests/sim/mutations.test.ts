/** The mistakes that the simulation has to find can still be put in: nobody sees that a text has gone before `--mutate all`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MUTATIONS } from '../../sim/mutations.ts';

const ROOT = join(import.meta.dirname, '../..');

test('each mistake is put in at one place of the sources as they are', () => {
  const wrong = MUTATIONS.filter(({ file, from }) => {
    return readFileSync(join(ROOT, file), 'utf8').split(from).length !== 2;
  });
  assert.equal(
    wrong.map(({ name }) => name),
    [],
  );
});

test.run();
