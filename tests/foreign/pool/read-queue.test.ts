import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReadQueue } from '#lib/foreign/pool/read-queue.ts';

const queue = (): ReadQueue<string> =>
  new ReadQueue({ waiting: 5, waitingOfOneCaller: 3, waitingBytes: 10_000 });
const [a, b, c] = [{}, {}, {}];

/** The reads in the order in which they run; each caller's is finished at once, in no time. */
function runAll(waiting: ReadQueue<string>, nowMs = 0): string[] {
  const order: string[] = [];
  for (;;) {
    const next = waiting.next(Infinity, nowMs);
    if (next === null) return order;
    order.push(next.read);
    waiting.finished(next.caller, 0, nowMs);
  }
}

test('the first caller goes first, and each has one read at a time', () => {
  const waiting = queue();
  for (const [caller, read] of [
    [a, 'a1'],
    [a, 'a2'],
    [b, 'b1'],
  ] as const)
    waiting.add(caller, read, 1);
  assert.is(waiting.next()?.read, 'a1');
  assert.is(waiting.next()?.read, 'b1');
  assert.is(waiting.next(), null);
  waiting.finished(a, 1);
  assert.is(waiting.next()?.read, 'a2');
});

test('the caller that has used the least time goes first, even if it came later', () => {
  const waiting = queue();
  waiting.add(a, 'a1', 1);
  waiting.next();
  waiting.finished(a, 3000);
  for (const [caller, read] of [
    [a, 'a2'],
    [b, 'b1'],
    [c, 'c1'],
  ] as const)
    waiting.add(caller, read, 1);
  assert.equal(
    [waiting.next(), waiting.next(), waiting.next()].map((next) => next?.read),
    ['b1', 'c1', 'a2'],
  );
});

test('time that was used long ago counts less', () => {
  const waiting = queue();
  waiting.add(a, 'a1', 1, 0);
  waiting.next(Infinity, 0);
  waiting.finished(a, 3000, 0);
  waiting.add(a, 'a2', 0, 3_600_000);
  waiting.add(b, 'b1', 1000, 3_600_000);
  assert.equal(runAll(waiting, 3_600_000), ['a2', 'b1']);
});

test('the smallest text goes first, and none that is larger than asked for', () => {
  const waiting = queue();
  waiting.add(a, 'large', 5000, 0);
  waiting.add(b, 'medium', 50, 0);
  waiting.add(c, 'small', 5, 0);
  assert.is(waiting.next(10, 0)?.read, 'small');
  assert.is(waiting.next(10, 0), null);
  assert.equal(runAll(waiting), ['medium', 'large']);
});

test('every second time the text that has waited for long goes first', () => {
  const waiting = queue();
  for (let i = 0; i < 3; i++) waiting.add(i, `large${i}`, 2000 + i, 0);
  waiting.add(a, 'a', 1, 1);
  waiting.add(b, 'b', 1, 1);
  assert.equal(runAll(waiting, 5_000), ['a', 'large0', 'b', 'large1', 'large2']);
});

test('too many reads of one caller are refused, and of too many in total the most expensive', () => {
  const waiting = queue();
  assert.equal(
    ['a1', 'a2', 'a3', 'a4'].map((read) => waiting.add(a, read, 10, 0)),
    [[], [], [], ['a4']],
  );
  assert.equal(
    ['b1', 'b2', 'b3'].map((read) => waiting.add(b, read, 20, 0)),
    [[], [], ['b3']],
  );
  assert.equal(waiting.add(c, 'c1', 10, 0), ['b2']);
  assert.equal(runAll(waiting), ['a1', 'a2', 'a3', 'c1', 'b1']);
});

test('of too many bytes the largest text is refused, but one alone never', () => {
  const waiting = queue();
  assert.equal(waiting.add(a, 'a1', 20_000, 0), []);
  assert.equal(waiting.add(b, 'b1', 4000, 0), ['a1']);
  assert.equal(waiting.add(c, 'c1', 6000, 0), []);
  assert.equal(waiting.add(a, 'a2', 1, 0), ['c1']);
  assert.equal(runAll(waiting), ['a2', 'b1']);
});

test('a removed read does not run, and makes room', () => {
  const waiting = queue();
  for (const read of ['a1', 'a2', 'a3']) waiting.add(a, read, 1);
  waiting.remove('a1');
  waiting.remove('a1');
  waiting.remove('none');
  assert.equal(waiting.add(a, 'a4', 1), []);
  assert.is(waiting.next()?.read, 'a2');
  assert.equal(waiting.clear(), ['a3', 'a4']);
  waiting.finished(a, 1);
  assert.is(waiting.next(), null);
});

test.run();
