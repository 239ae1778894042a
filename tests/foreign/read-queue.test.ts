import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReadQueue } from '#lib/foreign/read-queue.ts';

const queue = (): ReadQueue<string> => new ReadQueue({ waiting: 5, waitingOfOneCaller: 3 });
const [a, b, c] = [{}, {}, {}];

test('the first caller goes first, and each has one read at a time', () => {
  const waiting = queue();
  for (const [caller, read] of [
    [a, 'a1'],
    [a, 'a2'],
    [b, 'b1'],
  ] as const)
    waiting.add(caller, read);
  assert.is(waiting.next()?.read, 'a1');
  assert.is(waiting.next()?.read, 'b1');
  assert.is(waiting.next(), null);
  waiting.finished(a, 1);
  assert.is(waiting.next()?.read, 'a2');
});

test('the caller that has used the least time goes first, even if it came later', () => {
  const waiting = queue();
  waiting.add(a, 'a1');
  waiting.next();
  waiting.finished(a, 3000);
  for (const [caller, read] of [
    [a, 'a2'],
    [b, 'b1'],
    [c, 'c1'],
  ] as const)
    waiting.add(caller, read);
  assert.equal(
    [waiting.next(), waiting.next(), waiting.next()].map((next) => next?.read),
    ['b1', 'c1', 'a2'],
  );
});

test('too many reads of one caller, and too many in total, are refused', () => {
  const waiting = queue();
  assert.equal(
    ['a1', 'a2', 'a3', 'a4'].map((read) => waiting.add(a, read)),
    [true, true, true, false],
  );
  assert.equal(
    ['b1', 'b2', 'b3'].map((read) => waiting.add(b, read)),
    [true, true, false],
  );
  waiting.next();
  assert.ok(waiting.add(b, 'b3'));
});

test('a removed read does not run, and makes room', () => {
  const waiting = queue();
  for (const read of ['a1', 'a2', 'a3']) waiting.add(a, read);
  waiting.remove(a, 'a1');
  waiting.remove(a, 'a1');
  waiting.remove(b, 'none');
  assert.ok(waiting.add(a, 'a4'));
  assert.is(waiting.next()?.read, 'a2');
  assert.equal(waiting.clear(), ['a3', 'a4']);
  waiting.finished(a, 1);
  assert.is(waiting.next(), null);
});

test.run();
