import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FairQueue, type QueueTicket } from '#lib/runner/fair-queue.ts';

/** Sessions of two owners, and one whose owner is not known. */
const SESSIONS = [
  { session: 'a1', owner: 'a' },
  { session: 'a2', owner: 'a' },
  { session: 'a3', owner: 'a' },
  { session: 'b1', owner: 'b' },
  { session: 'x', owner: undefined },
];

test('no owner gets two slots more than one that waits, nor a session than another of its owner', async () => {
  const step = fc.oneof(
    fc.record({ ask: fc.constantFrom(...SESSIONS) }),
    fc.record({ leave: fc.nat({ max: 60 }) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom(1, 2, Infinity),
      fc.array(step, { maxLength: 80 }),
      async (capacity, maxOfSession, steps) => {
        const queue = new FairQueue(capacity, maxOfSession);
        const tickets: QueueTicket[] = [];
        const held = (kind: 'owner' | 'session', name: string): number =>
          tickets.filter((ticket) => ticket.state === 'active' && ticket[kind] === name).length;
        for (const one of steps) {
          const before = new Map(tickets.map((ticket) => [ticket, ticket.state]));
          if ('ask' in one) tickets.push(queue.enqueue(one.ask.session, () => {}, { owner: one.ask.owner }));
          else if (tickets.length > 0) queue.release(tickets[one.leave % tickets.length]!);
          const begun = tickets.filter(
            (ticket) => ticket.state === 'active' && before.get(ticket) !== 'active',
          );
          // What waits although its session could hold one more.
          const waiting = tickets.filter(
            ({ state, session }) => state === 'waiting' && held('session', session) < maxOfSession,
          );
          assert.ok(SESSIONS.every(({ session }) => held('session', session) <= maxOfSession));
          for (const got of begun) {
            for (const waits of waiting) {
              assert.ok(held('owner', got.owner) <= held('owner', waits.owner) + 1);
              if (waits.owner !== got.owner) continue;
              assert.ok(held('session', got.session) <= held('session', waits.session) + 1);
            }
          }
          const active = tickets.filter(({ state }) => state === 'active').length;
          assert.ok(waiting.length === 0 || active === capacity);
          await Promise.resolve();
        }
      },
    ),
    { seed: 16, numRuns: 300 },
  );
});

test('owners that hold as many take turns, and so do the sessions of each', async () => {
  const queue = new FairQueue(1);
  const begun: string[] = [];
  const tickets: QueueTicket[] = [];
  for (const name of ['a1', 'a1', 'a1', 'a2', 'b1', 'b1']) {
    const begin = (): void => void begun.push(name);
    tickets.push(queue.enqueue(name, begin, { owner: name.slice(0, 1) }));
  }
  for (let n = 0; n < tickets.length; n++) {
    await Promise.resolve();
    queue.release(tickets.find(({ state }) => state === 'active')!);
  }
  assert.equal(begun, ['a1', 'a1', 'b1', 'a2', 'b1', 'a1']);
});

test('of a hundred sessions of one owner, the second slot that comes free goes to another owner', () => {
  const queue = new FairQueue(4);
  const many = Array.from({ length: 100 }, (_, n) => queue.enqueue(`s${n}`, () => {}, { owner: 'many' }));
  const one = queue.enqueue('alone', () => {}, { owner: 'one' });
  assert.is(one.state, 'waiting');
  queue.release(many[0]!);
  assert.is(one.state, 'active');
});

test.run();
