import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PROJECT } from '../support/server.ts';

test('the bundle has no character for which V8 would keep two bytes for each of a file', () => {
  const files = globSync('build/*.js', { cwd: PROJECT });
  assert.ok(files.length > 5);
  const wide = files.filter((file) => /[^\0-\xff]/.test(readFileSync(join(PROJECT, file), 'utf8')));
  assert.equal(wide, []);
});

test.run();
