import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { replayRecording } from '#lib/replay/replay.ts';
import { countedPhases, fixtures } from './recordings.ts';

for (const { name, recording, truth } of fixtures('pty')) {
  for (const rechunkBytes of [null, 1, 7]) {
    test(`${name}: no wrong sample, in chunks of ${rechunkBytes ?? 'the recording'}`, () => {
      const events = [...replayRecording(recording, { rechunkBytes })];
      const byOffset = new Map(truth.samples.map((sample) => [sample.endOffset, sample]));
      let last = 0;
      let count = 0;
      for (const event of events) {
        if (event.type !== 'progress') continue;
        const { type: _, ...sample } = event;
        const expected = byOffset.get(sample.endOffset);
        assert.ok(expected, `${name}: a sample that is not there at ${sample.endOffset}`);
        const { percent, receivedBytes, totalBytes, speedBytesPerSecond, etaSeconds } = expected;
        const { fd, endOffset } = sample;
        assert.equal(sample, {
          fd,
          endOffset,
          percent,
          receivedBytes,
          totalBytes,
          speedBytesPerSecond,
          etaSeconds,
        });
        assert.ok(endOffset > last);
        last = endOffset;
        count++;
      }
      const whole = truth.samples.filter((sample) => !sample.cut).length;
      assert.is(count, whole, 'every sample that the terminal did not cut');
      const phases = events.flatMap((event) => (event.type === 'phase' ? [event.phase] : []));
      assert.equal(phases, countedPhases(truth));
      assert.equal(events.at(-1), { type: 'end', state: truth.final.state });
    });
  }
}

test.run();
