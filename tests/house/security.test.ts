import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { read, ROOT } from './source-tree.ts';

test('every defence that SECURITY.md names is where it says', () => {
  const text = read('SECURITY.md');
  const named = [...text.matchAll(/`((?:src|tests|bench|docs)\/[^`]+|[\w.-]+\.config\.js)`/g)].map(
    ([, path = '']) => path,
  );
  assert.ok(named.length > 20);
  assert.equal(
    named.filter((path) => !existsSync(join(ROOT, path))),
    [],
  );
});

test('every command that SECURITY.md names is there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...read('SECURITY.md').matchAll(/`npm run ([\w:-]+)/g)].map(([, name = '']) => name);
  assert.ok(named.includes('attack') && named.includes('sbom'));
  assert.equal(
    named.filter((name) => !(name in scripts)),
    [],
  );
});

test.run();
