import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { failuresAfter, MAX_RETRIES, mayRetry, waitMs } from '#lib/actors/download/retry.ts';

const full = { code: 'disk_full', transient: true, retryAfterMs: null } as const;
const lost = { code: 'connection_lost', transient: true, retryAfterMs: null } as const;
const fraction = fc.double({ min: 0, max: 0.999, noNaN: true });

test('a full disk is looked at again after 15 to 30 s, whatever was before', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.nat(100), fraction, (failures, waiting, random) => {
      assert.ok(mayRetry(full, failures));
      assert.is(failuresAfter(full, failures), failures);
      const ms = waitMs(full, failures, waiting, random);
      assert.ok(ms >= 15_000 && ms <= 30_000, String(ms));
    }),
  );
});

test('however many downloads wait for room, they look some five times a second at most', () => {
  for (const waiting of [200, 1_000, 25_000]) {
    assert.ok(waiting / (waitMs(full, 0, waiting, 0) / 1000) < 7, String(waiting));
  }
});

test('other failures back off, count, and are given up', () => {
  assert.equal(
    [0, 1, 2, 3, 4].map((failures) => waitMs(lost, failures, 0, 0)),
    [1_000, 2_000, 4_000, 8_000, 16_000],
  );
  assert.is(waitMs({ ...lost, retryAfterMs: 60_000 }, 0, 0, 0), 60_000);
  assert.is(failuresAfter(lost, 2), 3);
  assert.not.ok(mayRetry(lost, MAX_RETRIES));
  assert.not.ok(mayRetry({ ...lost, transient: false }, 0));
});

test.run();
