import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ListOwners } from '#lib/channel/list-owners.ts';

const flood = (lists: ListOwners): void => {
  for (let n = 0; n < 10_000; n++) lists.record(`other ${n}`, 'flood');
};

test('who opened a socket of a list is known as long as it is open, however many other lists are used', () => {
  const lists = new ListOwners();
  const closed = [lists.hold('l', 'a'), lists.hold('l', 'a')] as const;
  flood(lists);
  assert.is(lists.of('l'), 'a');
  closed[0]();
  assert.is(lists.of('l'), 'a');
  closed[1]();
  assert.is(lists.of('l'), null);
});

test('the visitor who came last uses it, with a socket or without', () => {
  const lists = new ListOwners();
  lists.hold('l', 'a');
  assert.is(lists.of('l'), 'a');
  lists.hold('l', 'b');
  assert.is(lists.of('l'), 'b');
  lists.record('l', 'c');
  assert.is(lists.of('l'), 'c');
  flood(lists);
  assert.is(lists.of('l'), 'b', 'its socket is still open');
});

test.run();
