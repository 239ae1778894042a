/** When records come out: never before their last byte, at the latest with the next record or the end. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dialectOf } from '#lib/replay/header.ts';
import { createRecordingParser } from '#lib/replay/parser.ts';
import { type PrintedSample, toPrinted } from '#lib/replay/printed-sample.ts';
import { type Chunk, recut } from '#lib/replay/recording.ts';
import { type Fixture, fixtures, samplesOf } from './recordings.ts';

/** A chunk may be written again once push returns: so it is, here. */
function check({ recording, truth }: Fixture, chunks: Chunk[]): void {
  const fed = { 1: 0, 2: 0 };
  const expected = { 1: [] as PrintedSample[], 2: [] as PrintedSample[] };
  for (const sample of samplesOf(truth)) expected[sample.fd].push(sample);
  const count = { 1: 0, 2: 0 };
  const parser = createRecordingParser(dialectOf(recording.header), {
    sample(fd, record) {
      const sample = toPrinted(fd, record);
      assert.equal(sample, expected[fd][count[fd]++]);
      assert.ok(sample.endOffset <= fed[fd], `reported at ${fed[fd]}, but ends at ${sample.endOffset}`);
    },
    event() {},
  });
  for (const { fd, data } of chunks) {
    fed[fd] += data.length;
    const buffer = data.slice();
    parser.push(fd, buffer);
    buffer.fill(0x39);
    // All but the last that is whole are out by now.
    const whole = expected[fd].filter(({ endOffset }) => endOffset <= fed[fd]).length;
    assert.ok(count[fd] >= whole - 1, `${whole - count[fd]} records are late at ${fed[fd]}`);
  }
  parser.end();
  assert.equal(count, { 1: expected[1].length, 2: expected[2].length });
}

const all = fixtures('pipe').filter(({ truth }) => truth.samples.length > 0);

for (const fixture of all) {
  test(`${fixture.name}: each sample in its time, cut at random`, () => {
    const bytes = fixture.recording.chunks.reduce((sum, { data }) => sum + data.length, 0);
    fc.assert(
      fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 300 })), (sizes) => {
        check(
          fixture,
          recut(fixture.recording.chunks, () => sizes.next().value as number),
        );
      }),
      { numRuns: bytes > 20_000 ? 3 : 8 },
    );
  });
}

test.run();
