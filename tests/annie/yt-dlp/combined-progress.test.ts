import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CombinedProgress, type PartSize } from '#lib/annie/yt-dlp/combined-progress.ts';
import { deriveProgress } from '#lib/protocol/channel.ts';
import type { Sample } from '#lib/protocol/progress.ts';

const at = (receivedBytes: number, totalBytes: number | null, percent: number | null): Sample => ({
  receivedBytes,
  totalBytes,
  percent,
  bytesPerSecond: 10,
  etaSeconds: 3,
});
const shown = (sample: Sample): Sample => ({
  ...sample,
  ...deriveProgress({ ...sample, state: 'download' }),
});
const none: PartSize = { bytes: null, estimate: null };

test('the progress of a single file is unchanged', () => {
  const parts = new CombinedProgress();
  parts.begin(0);
  assert.equal(shown(parts.add(at(50, 200, 25))), shown(at(50, 200, 25)));
  assert.equal(parts.add(at(50, null, null)), at(50, null, null));
});

test('two files of known size have one progress over their sum', () => {
  const parts = new CombinedProgress();
  parts.expect([
    { bytes: 80, estimate: null },
    { bytes: 20, estimate: null },
  ]);
  parts.begin(0);
  assert.equal(shown(parts.add(at(40, 80, 50))), { ...at(40, 100, 40), etaSeconds: 6 });
  parts.begin(80);
  assert.equal(shown(parts.add(at(10, 20, 50))), { ...at(90, 100, 90), etaSeconds: 1 });
});

test('files of estimated size are weighted by the estimate, without a total', () => {
  const parts = new CombinedProgress();
  parts.expect([
    { bytes: null, estimate: 900 },
    { bytes: null, estimate: 100 },
  ]);
  parts.begin(0);
  const first = parts.add(at(450, null, 50));
  assert.is(first.percent, 45);
  assert.is(first.totalBytes, null);
  parts.begin(1000);
  const second = parts.add(at(10, null, 50));
  assert.is(second.percent, 95);
  assert.is(second.receivedBytes, 1010);
});

test('without a total the percentage never falls, and stays within 0 and 100', () => {
  const size = fc.record({
    bytes: fc.constant(null),
    estimate: fc.option(fc.integer({ min: 1, max: 1000 })),
  });
  fc.assert(
    fc.property(
      fc.array(size, { minLength: 1, maxLength: 3 }),
      fc.array(fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 5 }), { maxLength: 3 }),
      (sizes, runs) => {
        const parts = new CombinedProgress();
        parts.expect(sizes);
        let last = 0;
        for (const run of runs) {
          parts.begin(0);
          for (const percent of run) {
            const now = parts.add(at(percent, null, percent)).percent ?? 0;
            assert.ok(now >= last && now <= 100, `${now} after ${last}`);
            last = now;
          }
        }
      },
    ),
  );
});

test('a file without a percentage makes the whole have none', () => {
  const parts = new CombinedProgress();
  parts.expect([none, none]);
  parts.begin(0);
  assert.is(parts.add(at(5, null, null)).percent, null);
});

test.run();
