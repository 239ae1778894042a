/** The queue for slots on a virtual clock: who begins, who waits for a connection to the host, and what a refusal means. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SimulatedClock } from 'xstate';
import { FolderGate } from '#lib/runner/folder-gate.ts';
import { GatedQueue, type QueueSlots, type SlotTicket } from '#lib/runner/gated-queue.ts';
import { settles } from '../support/wait.ts';
import { nextTurns } from './fixture.ts';

const A = 'a.example:443';
const B = 'b.example:443';

interface Fixture {
  queue: GatedQueue;
  pass: (ms: number) => Promise<void>;
  /** Begins, and waits for connections, in order. */
  happened: string[];
  enqueue: (name: string, host: string | null, session?: string) => SlotTicket;
}

function testQueue(
  name: string,
  body: (fixture: Fixture) => Promise<void>,
  slots: QueueSlots = { all: 8 },
  isAway?: (host: string) => boolean,
): void {
  test(name, async () => {
    const time = new SimulatedClock();
    const clock = {
      now: () => time.now(),
      setTimeout: (callback: () => void, ms: number) => time.setTimeout(callback, ms),
      clearTimeout: (handle: never) => time.clearTimeout(handle),
    };
    const gate = new FolderGate({ check: () => Promise.resolve(), clock, onChange: () => undefined });
    const queue = new GatedQueue(slots, gate, clock, isAway);
    const happened: string[] = [];
    await body({
      ...{ queue, happened },
      pass: async (ms) => {
        time.increment(ms);
        await nextTurns();
      },
      enqueue: (each, host, session = 's') =>
        queue.enqueue(session, {
          host,
          begin: () => happened.push(each),
          refuse: ({ code }) => happened.push(`${each} ${code}`),
          onHeld: (connections) => happened.push(`${each} waits for ${connections}`),
        }),
    });
    queue.close();
  });
}

testQueue(
  'what never had a slot, or has no host, is limited by none',
  async ({ queue, enqueue, happened }) => {
    const first = enqueue('first', A);
    const waiting = enqueue('waiting', A, 'other');
    await nextTurns();
    assert.equal(happened, ['first']);
    queue.release(waiting);
    assert.is(await settles(queue.isLimited(waiting, 'waiting')), false);
    assert.is(queue.placeOf(waiting, 'waiting').openExtra(), null);
    queue.release(first);
    const none = enqueue('none', null);
    await nextTurns();
    queue.release(none);
    assert.is(await settles(queue.isLimited(none, 'none')), false);
  },
  { all: 1 },
);

testQueue(
  'a host that serves one and refuses the next has one connection, others go first, and it is said once',
  async ({ queue, enqueue, happened }) => {
    const first = enqueue('first', A);
    const second = enqueue('second', A);
    await nextTurns();
    queue.placeOf(first, 'first').received();
    queue.release(second);
    assert.is(await settles(queue.isLimited(second, 'second')), true);
    enqueue('again', A);
    enqueue('elsewhere', B);
    enqueue('nowhere', null);
    await nextTurns();
    assert.equal(happened, ['first', 'second', 'again waits for 1', 'elsewhere', 'nowhere']);
    enqueue('more', A);
    await nextTurns();
    assert.equal(happened.slice(5), ['more waits for 1']);
    assert.is(queue.placeOf(first, 'first').openExtra(), null, 'those who have none go first');
    queue.release(first);
    await nextTurns();
    assert.equal(happened.slice(6, 7), ['again'], 'as soon as the one is free, or a moment later');
  },
);

testQueue(
  'while nobody else has a byte a refusal is not clear, for two seconds at most',
  async ({ queue, enqueue, pass }) => {
    enqueue('first', A);
    const second = enqueue('second', A);
    await nextTurns();
    queue.release(second);
    let meaning: boolean | null = null;
    const asked = queue.isLimited(second, 'second').then((is) => (meaning = is));
    await pass(1_999);
    assert.is(meaning, null);
    await pass(1);
    assert.is(await settles(asked), false);
  },
);

testQueue(
  'the first byte of another makes it clear at once, and the end of the queue too',
  async ({ queue, enqueue }) => {
    const first = enqueue('first', A);
    const second = enqueue('second', A);
    await nextTurns();
    queue.release(second);
    const asked = queue.isLimited(second, 'second');
    queue.placeOf(first, 'first').received();
    assert.is(await settles(asked), true);
    const third = enqueue('third', B);
    const fourth = enqueue('fourth', B);
    await nextTurns();
    queue.release(fourth);
    const unclear = queue.isLimited(fourth, 'fourth');
    queue.close();
    assert.is(await settles(unclear), false);
    queue.release(third);
  },
);

testQueue(
  'one that is released gives its slot to the next, once',
  async ({ queue, enqueue, happened }) => {
    const first = enqueue('first', null);
    enqueue('second', null);
    enqueue('third', null);
    await nextTurns();
    assert.ok(queue.holdsSlot('s'));
    queue.release(first);
    queue.release(first);
    await nextTurns();
    assert.equal(happened, ['first', 'second']);
  },
  { all: 1 },
);

test.run();
