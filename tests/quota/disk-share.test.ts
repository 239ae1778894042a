import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exceedsDiskShare, PLENTY_BYTES } from '#lib/quota/disk-share.ts';
import { LOCAL, UNKNOWN } from '#lib/quota/quota.ts';

const GB = 1e9;
const held = (bytes: Record<string, number>): Map<string, number> => new Map(Object.entries(bytes));

test('while a tenth is free, or 10 GB, nobody leaves anything to others, whatever they hold', () => {
  const all = held({ a: 900 * GB });
  assert.is(PLENTY_BYTES, 10 * GB);
  assert.not(exceedsDiskShare('a', 10 * GB, all));
  assert.ok(exceedsDiskShare('a', 10 * GB - 1, all));
  assert.not(exceedsDiskShare('a', 2, held({ a: 18 })), 'a tenth of 20');
  assert.ok(exceedsDiskShare('a', 1.9, held({ a: 18 })));
});

test('then those wait who hold more than an equal share, one of which is for somebody new', () => {
  const all = held({ a: 60 * GB, b: 30 * GB, c: 5 * GB });
  const waits = (owner: string): boolean => exceedsDiskShare(owner, GB, all);
  // 95 GB for four.
  assert.equal(['a', 'b', 'c', 'new', UNKNOWN].map(waits), [true, true, false, false, false]);
});

test('this machine never waits, and what it holds is no reason that others may take more', () => {
  const all = held({ a: 50 * GB, [LOCAL]: 500 * GB });
  assert.not(exceedsDiskShare(LOCAL, 1, all));
  assert.ok(exceedsDiskShare('a', GB, all));
  assert.not(exceedsDiskShare('a', 9 * GB, held({ a: 50 * GB, [LOCAL]: 500 * GB })), 'a tenth of 59 GB');
});

test('lists of which nobody knows who began them count as one visitor', () => {
  assert.ok(exceedsDiskShare(UNKNOWN, GB, held({ a: 10 * GB, [UNKNOWN]: 50 * GB })));
});

test('whatever is held, who holds least goes on, and who holds more than another never sooner', () => {
  const holdings = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat({ max: 1e12 }));
  fc.assert(
    fc.property(holdings, fc.nat({ max: 1e11 }), (bytes, freeBytes) => {
      const all = held(bytes);
      const owners = [...all.keys(), 'new'];
      const bytesOf = (owner: string): number => all.get(owner) ?? 0;
      owners.sort((a, b) => bytesOf(a) - bytesOf(b));
      const waits = owners.map((owner) => exceedsDiskShare(owner, freeBytes, all));
      assert.not(waits[0]);
      assert.equal(waits, waits.toSorted(), 'false comes first');
    }),
    { seed: 46, numRuns: 500 },
  );
});

test.run();
