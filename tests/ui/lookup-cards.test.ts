import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nextCard } from '#lib/ui/lookup/next-card.ts';
import { pathOf } from '#lib/ui/lookup/path.ts';

const [a, b, c] = [{ url: 'a' }, { url: 'b' }, { url: 'c' }];

test('when a card is dismissed, the focus goes to the next card, if there is one', () => {
  assert.is(nextCard(b, [a, b, c], [a, c]), c);
  assert.is(nextCard(a, [a, b, c], [c]), c);
  assert.is(nextCard(c, [a, b, c], [a, b]), undefined);
});

test('when an address is looked up again, the focus goes to its new card', () => {
  const again = { url: 'b' };
  assert.is(nextCard(b, [a, b, c], [again, a, c]), again);
});

test('the path label has path, query and hash', () => {
  assert.is(pathOf('https://a.test/watch?v=1#t'), '/watch?v=1#t');
  assert.is(pathOf('https://a.test/?v=1'), '/?v=1');
  assert.is(pathOf('https://a.test'), '');
  assert.is(pathOf('nonsense'), '');
});

test.run();
