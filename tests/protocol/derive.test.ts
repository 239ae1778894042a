import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { derive } from '#lib/protocol/channel.ts';
import { DOWNLOAD_STATES } from '#lib/protocol/download.ts';

const row: Parameters<typeof derive>[0] = {
  state: 'download',
  receivedBytes: 0,
  totalBytes: null,
  percent: null,
  bytesPerSecond: null,
  etaSeconds: null,
};
/** Up to a petabyte: beyond it the ratio of two doubles could not tell the last byte. */
const total = fc.integer({ min: 1, max: 10 ** 15 });

test('what lacks a single byte is not 100 %, however large it is, in whatever state it stands', () => {
  fc.assert(
    fc.property(total, fc.nat(5), fc.constantFrom(...DOWNLOAD_STATES), (totalBytes, missing, state) => {
      if (state === 'complete') return;
      const receivedBytes = Math.max(0, totalBytes - 1 - missing);
      const { percent } = derive({ ...row, state, receivedBytes, totalBytes });
      assert.ok(percent !== null && percent < 100, `${receivedBytes} of ${totalBytes}: ${percent} %`);
    }),
  );
});

test('a percentage is in tenths and never more than what is there', () => {
  fc.assert(
    fc.property(total, fc.double({ min: 0, max: 1, noNaN: true }), (totalBytes, share) => {
      const receivedBytes = Math.floor(totalBytes * share);
      const percent = derive({ ...row, receivedBytes, totalBytes }).percent!;
      const exact = (receivedBytes / totalBytes) * 100;
      assert.ok(percent <= exact && exact - percent < 0.1 + 1e-9, `${percent} for ${exact}`);
      assert.is(percent, Number(percent.toFixed(1)));
    }),
  );
});

test('what an engine says of a size that nobody knows is cut in the same way', () => {
  for (const [said, shown] of [
    [99.99, 99.9],
    [99.95, 99.9],
    [0.04, 0],
    [42.38, 42.3],
    [100, 100],
  ] as const) {
    assert.is(derive({ ...row, percent: said }).percent, shown);
  }
  assert.is(derive(row).percent, null);
});

test('more than was announced is 100 %, and what is complete is, whatever was announced', () => {
  assert.is(derive({ ...row, receivedBytes: 11, totalBytes: 10 }).percent, 100);
  const complete = { ...row, state: 'complete' as const, percent: 12, bytesPerSecond: 5, etaSeconds: 9 };
  assert.equal(derive({ ...complete, receivedBytes: 3, totalBytes: 10 }), { percent: 100, etaSeconds: null });
  assert.equal(derive(complete), { percent: 100, etaSeconds: null });
});

test('a total of 0 is no total: the engine is asked', () => {
  assert.equal(derive({ ...row, totalBytes: 0, percent: 7, etaSeconds: 3 }), { percent: 7, etaSeconds: 3 });
});

test('the time left is 0 only when no byte is missing, and null while nothing moves', () => {
  fc.assert(
    fc.property(total, fc.integer({ min: 1, max: 10 ** 12 }), (totalBytes, bytesPerSecond) => {
      const { etaSeconds } = derive({ ...row, receivedBytes: totalBytes - 1, totalBytes, bytesPerSecond });
      assert.is(etaSeconds, 1);
    }),
  );
  const whole = { ...row, receivedBytes: 10, totalBytes: 10 };
  assert.is(derive({ ...whole, bytesPerSecond: 4 }).etaSeconds, 0);
  assert.is(derive({ ...whole, receivedBytes: 1, bytesPerSecond: 4 }).etaSeconds, 3);
  assert.is(derive({ ...whole, receivedBytes: 20, bytesPerSecond: 4 }).etaSeconds, 0);
  for (const bytesPerSecond of [null, 0]) assert.is(derive({ ...whole, bytesPerSecond }).etaSeconds, null);
  for (const state of DOWNLOAD_STATES.filter((each) => each !== 'download')) {
    const still = { ...row, state, receivedBytes: 1, bytesPerSecond: 4, etaSeconds: 9 };
    assert.is(derive({ ...still, totalBytes: 10 }).etaSeconds, null, state);
    assert.is(derive({ ...still, totalBytes: null }).etaSeconds, null, state);
  }
});

test.run();
