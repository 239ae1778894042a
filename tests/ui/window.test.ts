import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isEndNear, visibleSpan } from '#lib/ui/list/window.ts';

test('up to 100 rows are all rendered', () => {
  assert.equal(visibleSpan(100, -5000, 600, 80), { first: 0, end: 100 });
  assert.equal(visibleSpan(0, 0, 600, 80), { first: 0, end: 0 });
});

test('in a long list all visible rows are rendered, and few others', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 101, max: 100_000 }),
      fc.integer({ min: 20, max: 200 }),
      fc.integer({ min: 100, max: 3000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (rows, height, viewport, scrolled) => {
        const top = 300 - Math.round(scrolled * (rows * height + 300));
        const { first, end } = visibleSpan(rows, top, viewport, height);
        assert.ok(0 <= first && first <= end && end <= rows);
        for (let row = 0; row < rows; row++) {
          const y = top + row * height;
          if (y + height > 0 && y < viewport) assert.ok(row >= first && row < end, `row ${row}`);
        }
        assert.ok(end - first <= viewport / height + 20);
      },
    ),
    { numRuns: 60 },
  );
});

test('before the row height is measured, a screenful is rendered', () => {
  assert.equal(visibleSpan(5000, 0, 600, 0), { first: 0, end: 100 });
});

test('the end counts as near before it is reached', () => {
  assert.ok(!isEndNear(1000, 0, 800, 80));
  assert.ok(isEndNear(1000, -(1000 * 80) + 1000, 800, 80));
  assert.ok(isEndNear(3, 200, 800, 80));
});

test.run();
