import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readShared } from '#lib/ui/add/shared.ts';

const shared = (query: string) => readShared(new URLSearchParams(query));

test('shared addresses are found in all three parameters, each once', () => {
  assert.equal(shared('title=A+film&text=see+https://a.test/1&url=https://b.test/2'), [
    'https://b.test/2',
    'https://a.test/1',
  ]);
  assert.equal(shared('text=https://a.test/1&title=https://a.test/1'), ['https://a.test/1']);
});

test('text without an address counts as shared, other parameters do not', () => {
  assert.equal(shared('title=A+film'), []);
  assert.is(shared('keep=1'), null);
});

test.run();
