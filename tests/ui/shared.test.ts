import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readShared } from '#lib/ui/add/shared.ts';

const shared = (query: string) => readShared(new URLSearchParams(query));

test('what is shared is found in any of its three places, each address once', () => {
  assert.equal(shared('title=A+film&text=see+https://a.test/1&url=https://b.test/2'), [
    'https://b.test/2',
    'https://a.test/1',
  ]);
  assert.equal(shared('text=https://a.test/1&title=https://a.test/1'), ['https://a.test/1']);
});

test('words without an address are shared all the same, other parameters are not', () => {
  assert.equal(shared('title=A+film'), []);
  assert.is(shared('keep=1'), null);
});

test.run();
