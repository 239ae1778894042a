import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { countChanges, diff } from '#lib/inspector/page/data/diff.ts';

const changes = (before: unknown, after: unknown): string[] =>
  diff(before as never, after as never).children.map(({ key, change }) => `${key} ${change}`);

test('values are marked as added, removed, changed or the same', () => {
  assert.equal(changes({ a: 1, b: 2, c: [1] }, { a: 1, b: 3, d: null, c: [1] }), [
    'a same',
    'b changed',
    'c same',
    'd added',
  ]);
  assert.equal(changes({ a: 1, b: 2 }, { b: 2 }), ['a removed', 'b same']);
});

test('a nested change marks all its ancestors, and counts once', () => {
  const node = diff({ a: { b: { c: 1, d: 2 } }, e: 1 }, { a: { b: { c: 2, d: 2 } }, e: 1 });
  assert.is(node.change, 'changed');
  assert.is(countChanges(node), 1);
});

test('null is a value, different from an absent one', () => {
  assert.equal(changes({ a: null }, { a: 1 }), ['a changed']);
  assert.equal(changes({}, { a: null }), ['a added']);
});

test('a value replaced by another kind of value is one change', () => {
  const node = diff({ error: null }, { error: { code: 'x', message: 'y' } });
  assert.is(countChanges(node), 1);
  assert.is(diff([1, 2], { a: 1 }).change, 'changed');
});

test('a value compared with itself is a tree without changes', () => {
  const value = { a: [1, { b: null }], c: 'd' };
  assert.is(countChanges(diff(value, value)), 0);
  assert.is(countChanges(diff({}, {})), 0);
});

test.run();
