import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BACKOFF_BASE_MS, BACKOFF_CAP_MS, backoffMs } from '#lib/channel/client/backoff.ts';

test('the wait lies between 0 and a ceiling that doubles up to 15 s, however many attempts failed', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 10_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (n, r) => {
        const wait = backoffMs(n, () => r);
        assert.ok(wait >= 0 && wait <= Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** n));
        assert.ok(Number.isInteger(wait));
      },
    ),
  );
});

test('the whole range is used, so that tabs spread out', () => {
  assert.is(
    backoffMs(3, () => 0),
    0,
  );
  assert.is(
    backoffMs(3, () => 0.9999),
    1999,
  );
  assert.is(
    backoffMs(99, () => 0.9999),
    14_998,
  );
});

test.run();
