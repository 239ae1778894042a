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
    const timers = new Set<unknown>();
    const clock = {
      now: () => time.now(),
      setTimeout: (callback: () => void, ms: number) => {
        const handle: number = time.setTimeout(() => {
          timers.delete(handle);
          callback();
        }, ms);
        timers.add(handle);
        return handle;
      },
      clearTimeout: (handle: never) => {
        timers.delete(handle);
        time.clearTimeout(handle);
      },
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
    assert.is(timers.size, 0, 'no timer is left');
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

testQueue(
  'who has a connection gets a further one, though others wait for a slot, unless they wait for a connection',
  async ({ queue, enqueue }) => {
    const first = enqueue('first', A);
    enqueue('waits for a slot', A, 'other');
    await nextTurns();
    const place = queue.placeOf(first, 'first');
    const extra = place.openExtra();
    assert.ok(extra, 'there is no limit');
    extra.close();
    place.release();
    assert.is(place.openExtra(), null, 'it has none any more');
  },
  { all: 1 },
);

testQueue(
  'under a limit that is not reached a further connection is given where nobody waits',
  async ({ queue, enqueue }) => {
    const tickets = ['first', 'second', 'third'].map((name) => enqueue(name, A));
    await nextTurns();
    for (const ticket of tickets.slice(0, 2)) queue.placeOf(ticket, 'x').received();
    queue.release(tickets[2]!);
    assert.ok(await settles(queue.isLimited(tickets[2]!, 'third')));
    const place = queue.placeOf(tickets[0]!, 'first');
    assert.is(place.openExtra(), null, 'both are taken');
    queue.release(tickets[1]!);
    assert.ok(place.openExtra());
    assert.is(place.openExtra(), null);
  },
);

testQueue(
  'a refusal for good just after others were served waits for their end once, and counts then',
  async ({ queue, enqueue, pass }) => {
    const refusedAfter = async (isForGood: boolean, download: string): Promise<boolean> => {
      const served = enqueue('served', A);
      await nextTurns();
      queue.placeOf(served, 'served').received();
      queue.release(served);
      const refused = enqueue(download, A);
      await nextTurns();
      queue.release(refused);
      return settles(queue.isLimited(refused, download, isForGood));
    };
    assert.is(await refusedAfter(false, 'passes'), false);
    assert.is(await refusedAfter(true, 'for good'), true);
    await pass(10_000);
    assert.is(await refusedAfter(true, 'for good'), false, 'it has waited');
  },
);

testQueue(
  'an unclear refusal for good is one for good when the time is over',
  async ({ queue, enqueue, pass }) => {
    const served = enqueue('served', A);
    enqueue('silent', A);
    const refused = enqueue('refused', A);
    await nextTurns();
    queue.placeOf(served, 'served').received();
    queue.release(served);
    queue.release(refused);
    const asked = queue.isLimited(refused, 'refused', true);
    await pass(2_000);
    assert.is(await settles(asked), true);
  },
);

testQueue(
  'a further connection is taken back for one that has none, which begins once it is closed',
  async ({ queue, enqueue, happened }) => {
    const tickets = ['first', 'second', 'third'].map((name) => enqueue(name, A));
    await nextTurns();
    for (const ticket of tickets.slice(0, 2)) queue.placeOf(ticket, 'x').received();
    queue.release(tickets[2]!);
    assert.ok(await settles(queue.isLimited(tickets[2]!, 'third')));
    queue.release(tickets[1]!);
    const extra = queue.placeOf(tickets[0]!, 'first').openExtra()!;
    assert.not(extra.signal.aborted);
    enqueue('next', A);
    await nextTurns();
    assert.ok(extra.signal.aborted);
    assert.equal(happened.slice(3), ['next waits for 2']);
    extra.close();
    await nextTurns();
    assert.equal(happened.slice(4), ['next']);
  },
);

testQueue('after five minutes a connection more is tried', async ({ queue, enqueue, happened, pass }) => {
  const [first, second] = [enqueue('first', A), enqueue('second', A)];
  await nextTurns();
  queue.placeOf(first, 'first').received();
  queue.release(second);
  assert.ok(await settles(queue.isLimited(second, 'second')));
  enqueue('next', A);
  await nextTurns();
  await pass(299_000);
  assert.equal(happened.slice(2), ['next waits for 1']);
  await pass(1_001);
  assert.equal(happened.slice(3), ['next']);
});

test.run();
