import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { followerOf } from '#lib/ui/lookup/follower.ts';
import { pathOf } from '#lib/ui/lookup/path.ts';

const [a, b, c] = [{ url: 'a' }, { url: 'b' }, { url: 'c' }];

test('the focus of a card that is put away goes to the next that is left, else to none', () => {
  assert.is(followerOf(b, [a, b, c], [a, c]), c);
  assert.is(followerOf(a, [a, b, c], [c]), c);
  assert.is(followerOf(c, [a, b, c], [a, b]), undefined);
});

test('the focus of a card that is looked up again goes to its new card', () => {
  const again = { url: 'b' };
  assert.is(followerOf(b, [a, b, c], [again, a, c]), again);
});

test('path, query and hash tell the addresses of a host apart', () => {
  assert.is(pathOf('https://a.test/watch?v=1#t'), '/watch?v=1#t');
  assert.is(pathOf('https://a.test/?v=1'), '/?v=1');
  assert.is(pathOf('https://a.test'), '');
  assert.is(pathOf('nonsense'), '');
});

test.run();
