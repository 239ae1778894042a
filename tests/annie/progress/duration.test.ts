/** How long ffmpeg's input plays. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { feed, utf8 } from './feed.ts';

function durations(line: string): number[] {
  const { events } = feed({ engine: 'ffmpeg', progressFd: null }, 2, utf8(`${line}\n`), [3]);
  return events.flatMap((event) => (event.type === 'duration' ? event.seconds : []));
}

test('the duration of the input is told in seconds', () => {
  assert.equal(durations('  Duration: 00:01:00.02, start: 1.400000, bitrate: 0 kb/s'), [60.02]);
  assert.equal(durations('  Duration: 27:46:39.99, start: 0.000000'), [99_999.99]);
  assert.equal(durations('  Duration: 123:00:07, start: 0.000000'), [442_807]);
});

test('what is no duration is not told', () => {
  assert.equal(durations('  Duration: N/A, start: 0.000000'), []);
  assert.equal(durations('  Duration: 01:00.50, start'), []);
  assert.equal(durations('  Duration: 00:01:00.02 start'), []);
  assert.equal(durations('  Duration: 00:01:00.'), []);
  assert.equal(durations(' Duration: 00:01:00.02, start'), []);
});

test.run();
