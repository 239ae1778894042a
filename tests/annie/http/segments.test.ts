import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as fc from 'fast-check';
import {
  nextFreeSegment,
  isDone,
  undoSplit,
  newSegment,
  receivedBytes,
  restoreSegments,
  missingBytes,
  type Segment,
} from '#lib/annie/http/file/segments.ts';
import { nextSegment, secondHalf } from '#lib/annie/http/file/next-segment.ts';

const MiB = 1024 * 1024;

function splitLargest(segments: Segment[]): Segment | null {
  const tail = secondHalf(segments)?.take() ?? null;
  if (tail !== null) tail.isBusy = false;
  return tail;
}

test('segments cover the file exactly once, whatever is split and received', () => {
  const step = fc.oneof(
    fc.constant('split' as const),
    fc.record({ which: fc.nat(20), bytes: fc.integer({ min: 1, max: 9 * MiB }) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 * MiB }), fc.array(step, { maxLength: 60 }), (total, steps) => {
      const segments = [newSegment(0, total)];
      for (const each of steps) {
        if (each === 'split') splitLargest(segments);
        else {
          const segment = segments[each.which % segments.length];
          if (!segment) continue;
          segment.received += Math.min(each.bytes, missingBytes(segment));
          segment.written = segment.received;
        }
      }
      const restored = restoreSegments(
        segments.map(({ start, end, written }) => [start, end ?? 0, written]),
        total,
      );
      assert.ok(restored, 'no gap and no overlap');
      assert.is(receivedBytes(restored), receivedBytes(segments));
      assert.is(segments.every(isDone), receivedBytes(segments) === total);
      assert.is(nextFreeSegment(segments) === null, segments.every(isDone));
    }),
  );
});

test('segments with a gap, an overlap or a wrong length are not restored', () => {
  assert.is(restoreSegments([[0, 5, 5]], 6), null);
  assert.is(
    restoreSegments(
      [
        [0, 5, 5],
        [6, 9, 6],
      ],
      9,
    ),
    null,
  );
  assert.is(
    restoreSegments(
      [
        [0, 5, 5],
        [4, 9, 6],
      ],
      9,
    ),
    null,
  );
  assert.is(restoreSegments([[0, 5, 6]], 5), null);
  assert.is(restoreSegments([], 1), null);
  assert.equal(restoreSegments([], 0), []);
});

test('a split without bytes is undone, unless the segment before it is done', () => {
  const segments = [newSegment(0, 20 * MiB)];
  const tail = splitLargest(segments);
  assert.ok(tail);
  undoSplit(segments, tail);
  assert.equal(segments, [newSegment(0, 20 * MiB)]);
  const second = splitLargest(segments);
  const [first] = segments;
  assert.ok(first && second);
  first.received = first.end ?? 0;
  undoSplit(segments, second);
  assert.is(segments.length, 2);
});

test('a segment with few missing bytes is not split', () => {
  assert.is(splitLargest([newSegment(0, 7 * MiB)]), null);
  assert.is(splitLargest([newSegment(0, null)]), null);
});

test('until a claim is taken nothing changes, and what others have fetched meanwhile cannot be taken', () => {
  const segments = [{ ...newSegment(0, 20 * MiB), isBusy: true }];
  const [whole] = segments;
  const claim = nextSegment(segments, true);
  assert.equal(claim?.wanted, newSegment(10 * MiB, 20 * MiB));
  assert.equal(segments, [{ ...newSegment(0, 20 * MiB), isBusy: true }]);
  if (whole) whole.received = 10 * MiB;
  assert.is(claim?.take(), null);
  assert.is(whole?.end, 20 * MiB);
  assert.is(nextSegment(segments, false), null);
  if (whole) whole.isBusy = false;
  const free = nextSegment(segments, true);
  assert.is(free?.wanted.received, 0);
  assert.is(free?.take(), whole);
  assert.is(free?.take(), null);
});

test.run();
