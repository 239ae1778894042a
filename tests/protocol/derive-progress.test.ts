import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deriveProgress } from '#lib/protocol/channel.ts';
import { DOWNLOAD_STATES } from '#lib/protocol/download.ts';

const row: Parameters<typeof deriveProgress>[0] = {
  state: 'download',
  receivedBytes: 0,
  totalBytes: null,
  percent: null,
  bytesPerSecond: null,
  etaSeconds: null,
};
/** Up to a petabyte: above, the quotient of two doubles cannot tell whether the last byte is missing. */
const total = fc.integer({ min: 1, max: 10 ** 15 });

test('a download that lacks one byte is below 100 %, at any size and in any state', () => {
  fc.assert(
    fc.property(total, fc.nat(5), fc.constantFrom(...DOWNLOAD_STATES), (totalBytes, missing, state) => {
      if (state === 'complete') return;
      const receivedBytes = Math.max(0, totalBytes - 1 - missing);
      const { percent } = deriveProgress({ ...row, state, receivedBytes, totalBytes });
      assert.ok(percent !== null && percent < 100, `${receivedBytes} of ${totalBytes}: ${percent} %`);
    }),
  );
});

test('a percentage is in tenths and never more than the share that was received', () => {
  fc.assert(
    fc.property(total, fc.double({ min: 0, max: 1, noNaN: true }), (totalBytes, share) => {
      const receivedBytes = Math.floor(totalBytes * share);
      const percent = deriveProgress({ ...row, receivedBytes, totalBytes }).percent!;
      const exact = (receivedBytes / totalBytes) * 100;
      assert.ok(percent <= exact && exact - percent < 0.1 + 1e-9, `${percent} for ${exact}`);
      assert.is(percent, Number(percent.toFixed(1)));
    }),
  );
});

test('a percentage from an engine is floored in the same way', () => {
  for (const [said, shown] of [
    [99.99, 99.9],
    [99.95, 99.9],
    [0.04, 0],
    [42.38, 42.3],
    [100, 100],
  ] as const) {
    assert.is(deriveProgress({ ...row, percent: said }).percent, shown);
  }
  assert.is(deriveProgress(row).percent, null);
});

test('more bytes than announced are 100 %, and so is a complete download, whatever was announced', () => {
  assert.is(deriveProgress({ ...row, receivedBytes: 11, totalBytes: 10 }).percent, 100);
  const complete = { ...row, state: 'complete' as const, percent: 12, bytesPerSecond: 5, etaSeconds: 9 };
  assert.equal(deriveProgress({ ...complete, receivedBytes: 3, totalBytes: 10 }), {
    percent: 100,
    etaSeconds: null,
  });
  assert.equal(deriveProgress(complete), { percent: 100, etaSeconds: null });
});

test('a total of 0 counts as unknown: the values of the engine are used', () => {
  assert.equal(deriveProgress({ ...row, totalBytes: 0, percent: 7, etaSeconds: 3 }), {
    percent: 7,
    etaSeconds: 3,
  });
});

test('the time left is 0 only when no byte is missing, and null at speed 0', () => {
  fc.assert(
    fc.property(total, fc.integer({ min: 1, max: 10 ** 12 }), (totalBytes, bytesPerSecond) => {
      const { etaSeconds } = deriveProgress({
        ...row,
        receivedBytes: totalBytes - 1,
        totalBytes,
        bytesPerSecond,
      });
      assert.is(etaSeconds, 1);
    }),
  );
  const whole = { ...row, receivedBytes: 10, totalBytes: 10 };
  assert.is(deriveProgress({ ...whole, bytesPerSecond: 4 }).etaSeconds, 0);
  assert.is(deriveProgress({ ...whole, receivedBytes: 1, bytesPerSecond: 4 }).etaSeconds, 3);
  assert.is(deriveProgress({ ...whole, receivedBytes: 20, bytesPerSecond: 4 }).etaSeconds, 0);
  for (const bytesPerSecond of [null, 0])
    assert.is(deriveProgress({ ...whole, bytesPerSecond }).etaSeconds, null);
  for (const state of DOWNLOAD_STATES.filter((each) => each !== 'download')) {
    const still = { ...row, state, receivedBytes: 1, bytesPerSecond: 4, etaSeconds: 9 };
    assert.is(deriveProgress({ ...still, totalBytes: 10 }).etaSeconds, null, state);
    assert.is(deriveProgress({ ...still, totalBytes: null }).etaSeconds, null, state);
  }
});

test.run();
