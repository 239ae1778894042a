/** Whether a slot that is given back would go to another. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FairQueue, type QueueTicket } from '#lib/runner/fair-queue.ts';

test('a slot passes to an owner that holds fewer and to a session of the same one, never back to where it was', () => {
  const queue = new FairQueue(4);
  const enter = (owner: string, session: string): QueueTicket =>
    queue.enqueue(session, () => undefined, { owner });
  const [a1] = [enter('a', 'a1'), enter('a', 'a1'), enter('a', 'a1')] as const;
  const b1 = enter('b', 'b1');
  assert.not(queue.isSlotWanted(a1), 'nobody waits');
  const ofSame = enter('a', 'a1');
  assert.ok(queue.isSlotWanted(a1), 'another of its session waits');
  assert.not(queue.isSlotWanted(b1), 'its owner would get it again');
  queue.release(ofSame);
  const ofOther = enter('a', 'a2');
  assert.ok(queue.isSlotWanted(a1), 'another session of its owner has none');
  queue.release(ofOther);
  const other = enter('c', 'c1');
  assert.ok(queue.isSlotWanted(a1));
  assert.ok(queue.isSlotWanted(b1), 'both owners would have had one');
  queue.release(other);
  const second = enter('b', 'b2');
  assert.ok(queue.isSlotWanted(a1), 'b has one, and a has two without it');
  assert.not(queue.isSlotWanted(second), 'it holds none');
  queue.release(b1);
  assert.is(queue.slotsOf(a1), 3);
});

test('a session that holds as many as another of its owner without this one gets the slot', () => {
  const queue = new FairQueue(3);
  const enter = (session: string): QueueTicket => queue.enqueue(session, () => undefined, { owner: 'o' });
  const [first, second] = [enter('s1'), enter('s2'), enter('s2')] as const;
  enter('s2');
  assert.not(queue.isSlotWanted(first), 's2 holds two, s1 would hold none');
  assert.ok(queue.isSlotWanted(second), 'it is of the same session');
});

test('what waits for a full or an unreachable host could not run', () => {
  const queue = new FairQueue(1);
  const host = { isFull: true, isAway: false };
  const running = queue.enqueue('s1', () => undefined);
  queue.enqueue('s2', () => undefined, {
    other: { isFree: () => !host.isFull, isUseful: () => !host.isAway, take: () => undefined },
  });
  assert.not(queue.isSlotWanted(running));
  host.isFull = false;
  assert.ok(queue.isSlotWanted(running));
  host.isAway = true;
  assert.not(queue.isSlotWanted(running));
  queue.release(running);
  assert.not(queue.isSlotWanted(running), 'it has no slot any more');
});

test('a session gets no more slots than its own limit, while another gets what is free', () => {
  const queue = new FairQueue(4, 2);
  const enter = (session: string): QueueTicket => queue.enqueue(session, () => undefined);
  const [first, , third] = [enter('s1'), enter('s1'), enter('s1')] as const;
  const other = enter('s2');
  assert.equal([third.state, other.state], ['waiting', 'active']);
  assert.ok(queue.isSlotWanted(first), 'another of its session waits for its own limit');
  assert.not(queue.isSlotWanted(other), 'what waits is at its limit');
  queue.release(first);
  assert.is(third.state, 'active');
});

test('what has given way goes last in its session, and lately so, no other of its session gives way to it', () => {
  const queue = new FairQueue(1);
  let isRecent = true;
  const slow = { gaveWay: { isRecent: () => isRecent } };
  const enter = (session: string, options = {}): QueueTicket =>
    queue.enqueue(session, () => undefined, options);
  const running = enter('s1');
  const [gone, gone2, next] = [enter('s1', slow), enter('s1', slow), enter('s1')] as const;
  assert.ok(queue.isSlotWanted(running), 'one that has not waits');
  queue.release(running);
  assert.equal([gone.state, gone2.state, next.state], ['waiting', 'waiting', 'active']);
  assert.not(queue.isSlotWanted(next));
  const other = enter('s2');
  assert.ok(queue.isSlotWanted(next), 'another session waits');
  queue.release(other);
  isRecent = false;
  assert.ok(queue.isSlotWanted(next));
  queue.release(next);
  assert.equal([gone.state, gone2.state], ['active', 'waiting'], 'those that have are served in order');
});

test.run();
