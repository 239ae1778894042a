import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addRate, HELD, type HeldKind, type RateKind, RATES } from '#lib/quota/limits.ts';
import { LOCAL, orThrow, Quota, type QuotaRefusal, UNKNOWN } from '#lib/quota/quota.ts';

const OWNERS = ['a', 'b', 'c', LOCAL];
const LISTS = ['1', '2', null];
const RATE_KINDS = Object.keys(RATES) as RateKind[];
const HELD_KINDS = Object.keys(HELD) as HeldKind[];
const NO_RATES = Object.fromEntries(
  RATE_KINDS.map((kind) => [kind, { burst: 5, perSecond: 2 }]),
) as unknown as Record<RateKind, (typeof RATES)[RateKind]>;

function clocked(options: Omit<ConstructorParameters<typeof Quota>[0], 'now'> = {}): {
  quota: Quota;
  pass: (ms: number) => void;
} {
  let at = 0;
  return { quota: new Quota({ now: () => at, ...options }), pass: (ms) => (at += ms) };
}

const isHeld = (answer: (() => void) | QuotaRefusal): answer is () => void => typeof answer === 'function';

test('whatever is asked when, no owner gets more of a kind than its burst and what was refilled since', () => {
  const step = fc.oneof(
    fc.record({ owner: fc.constantFrom('a', 'b'), amount: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ passMs: fc.integer({ min: 0, max: 4_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const { quota, pass } = clocked({ rates: NO_RATES });
      const taken = new Map([
        ['a', 0],
        ['b', 0],
      ]);
      let at = 0;
      for (const one of steps) {
        if ('passMs' in one) {
          pass(one.passMs);
          at += one.passMs;
          continue;
        }
        const { owner, amount } = one;
        const refused = quota.take('add', { owner, list: null }, amount);
        const before = taken.get(owner) ?? 0;
        if (refused === null) taken.set(owner, before + amount);
        else assert.ok(refused.retryAfterMs >= 1 && refused.retryAfterMs <= 2_500);
        assert.ok((taken.get(owner) ?? 0) <= 5 + (at / 1000) * 2 + 1e-6);
      }
    }),
    { seed: 16, numRuns: 500 },
  );
});

test('what was refused succeeds after the time that the refusal names, and not a moment before', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 30 }), (amounts) => {
      const { quota, pass } = clocked({ rates: NO_RATES });
      const key = { owner: 'a', list: null };
      for (const amount of amounts) {
        const refused = quota.take('add', key, amount);
        if (refused === null) continue;
        pass(refused.retryAfterMs - 1);
        assert.is.not(quota.take('add', key, amount), null);
        pass(1);
        assert.is(quota.take('add', key, amount), null);
      }
    }),
    { seed: 16, numRuns: 300 },
  );
});

test('an amount above the burst needs a full bucket, and is then owed', () => {
  const { quota, pass } = clocked({ rates: NO_RATES });
  const key = { owner: 'a', list: null };
  assert.is(quota.take('state', key, 9), null);
  assert.equal(quota.take('state', key, 1), { code: 'too_many_requests', retryAfterMs: 2_500 });
  pass(2_500);
  assert.is(quota.take('state', key, 1), null);
});

test('a charge is never refused, and says how long nothing more should be read', () => {
  const { quota, pass } = clocked({ rates: NO_RATES });
  const key = { owner: 'a', list: null };
  assert.is(quota.charge('message', key, 5), 0);
  assert.is(quota.charge('message', key, 2), 1_000);
  pass(400);
  assert.is(quota.charge('message', key, 1), 1_100);
  assert.is(quota.charge('message', { owner: LOCAL, list: null }, 1_000), 0);
});

test('whatever is held and given back, no more is held than an owner, a list and all strangers may', () => {
  const held = { owner: 3, list: 2, strangers: 5, retryAfterMs: 10 };
  const limits = Object.fromEntries(HELD_KINDS.map((kind) => [kind, held])) as Record<HeldKind, typeof held>;
  const step = fc.oneof(
    fc.record({ owner: fc.constantFrom(...OWNERS), list: fc.constantFrom(...LISTS) }),
    fc.record({ release: fc.nat({ max: 60 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const { quota } = clocked({ held: limits });
      const open: { owner: string; list: string | null; release: () => void }[] = [];
      const count = (fits: (one: (typeof open)[number]) => boolean): number => open.filter(fits).length;
      for (const one of steps) {
        if ('release' in one) {
          const [gone] = open.splice(one.release, 1);
          gone?.release();
          gone?.release();
          continue;
        }
        const { owner, list } = one;
        const isStranger = owner !== LOCAL;
        const isFull =
          (list !== null && count((other) => other.list === list) >= held.list) ||
          (isStranger && count((other) => other.owner === owner) >= held.owner) ||
          (isStranger && count((other) => other.owner !== LOCAL) >= held.strangers);
        const answer = quota.hold('socket', one);
        assert.is(isHeld(answer), !isFull);
        if (isHeld(answer)) open.push({ owner, list, release: answer });
      }
    }),
    { seed: 16, numRuns: 500 },
  );
});

test('this machine is not limited by address, but by list', () => {
  const { quota } = clocked();
  for (const kind of RATE_KINDS) {
    for (let n = 0; n < 20_000; n++) assert.is(quota.take(kind, { owner: LOCAL, list: null }), null);
  }
  for (let n = 0; n < 2_000; n++) assert.ok(isHeld(quota.hold('socket', { owner: LOCAL, list: null })));
  for (let n = 0; n < HELD.socket.list; n++)
    assert.ok(isHeld(quota.hold('socket', { owner: LOCAL, list: 'l' })));
  assert.not(isHeld(quota.hold('socket', { owner: LOCAL, list: 'l' })));
});

test('lists of which nobody knows who began them are limited as one stranger', () => {
  const { quota } = clocked();
  const key = { owner: UNKNOWN, list: 'l' };
  for (let n = 0; n < RATES.add.burst; n++) assert.is(quota.take('add', key), null);
  assert.is.not(quota.take('add', { ...key, list: 'm' }), null);
  for (let n = 0; n < HELD.lookup.owner; n++) assert.ok(isHeld(quota.hold('lookup', key)));
  assert.not(isHeld(quota.hold('lookup', key)));
});

test('a million addresses are not remembered, and one that holds something is not forgotten', () => {
  const { quota } = clocked({ maxAccounts: 100 });
  const key = { owner: 'holder', list: null };
  for (let n = 0; n < HELD.lookup.owner; n++) assert.ok(isHeld(quota.hold('lookup', key)));
  for (let n = 0; n < 20_000; n++) quota.take('request', { owner: `o${n}`, list: `l${n}` });
  assert.ok(quota.size <= 200, `${quota.size}`);
  assert.not(isHeld(quota.hold('lookup', key)));
});

test('where all that are remembered hold something, one more is remembered too', () => {
  const { quota } = clocked({ maxAccounts: 3 });
  for (let n = 0; n < 10; n++) assert.ok(isHeld(quota.hold('socket', { owner: `o${n}`, list: null })));
  for (let n = 0; n < HELD.socket.owner - 1; n++) {
    assert.ok(isHeld(quota.hold('socket', { owner: 'o0', list: null })));
  }
  assert.not(isHeld(quota.hold('socket', { owner: 'o0', list: null })));
});

test('a refusal becomes an error with the time to wait', () => {
  assert.is(orThrow(null), null);
  try {
    orThrow({ code: 'too_many_requests', retryAfterMs: 1234 } as QuotaRefusal as (() => void) | QuotaRefusal);
    assert.unreachable();
  } catch (error) {
    assert.is((error as { code: string }).code, 'too_many_requests');
    assert.is((error as { retryAfterMs: number }).retryAfterMs, 1234);
  }
});

test('together, strangers leave descriptors for others: what they hold is below the usual limit of 1,024', () => {
  assert.ok(HELD.connection.strangers + HELD.reserved.strangers < 700);
  assert.ok(HELD.head.owner <= HELD.connection.owner && HELD.socket.owner <= HELD.connection.owner);
  assert.ok(HELD.socket.strangers <= HELD.connection.strangers);
});

test('an owner may have another rate; when it is changed, nothing of the new one is used', () => {
  const { quota, pass } = clocked();
  const rate = addRate(3);
  const add = (of = rate) => quota.take('add', { owner: 'person:a', list: null }, 1, of);
  assert.equal([add(), add(), add()], [null, null, null]);
  assert.is(quota.used('add', 'person:a', rate), 3);
  assert.is(add()?.retryAfterMs, 86_400_000 / 3);
  assert.is(quota.take('add', { owner: 'person:b', list: null }), null, 'others have theirs');
  pass(86_400_000 / 3);
  assert.equal([quota.used('add', 'person:a', rate), add()], [2, null]);
  assert.equal([add(addRate(4)), quota.used('add', 'person:a', addRate(4))], [null, 1]);
});

test.run();
