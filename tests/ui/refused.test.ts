import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refusedForMs } from '#lib/ui/state/browser-session.ts';

test('a refused visitor asks again after what the server says, within a second and ten minutes', () => {
  const waits = [5_000, 0, undefined, NaN, 1e12].map((retryAfterMs) =>
    refusedForMs({ status: 429, retryAfterMs }),
  );
  assert.equal(waits, [5_000, 1_000, 1_000, 1_000, 600_000]);
  assert.is(refusedForMs({ status: 500 }), null);
  assert.is(refusedForMs(new TypeError('failed to fetch')), null);
});

test.run();
