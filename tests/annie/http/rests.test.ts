import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FULL_BYTES, rest, stayPaused } from '#lib/annie/http/file/rests.ts';
import { waitFor } from '../../support/wait.ts';

class Tap {
  destroyed = false;
  readonly did: string[] = [];
  pause(): void {
    this.did.push('pause');
  }
  resume(): void {
    this.did.push('resume');
  }
}

test('all that rest go on at the next turn, however often they were told to', async () => {
  const [a, b] = [new Tap(), new Tap()];
  rest(a, 1);
  rest(b, FULL_BYTES - 1);
  rest(a, 1);
  assert.equal(a.did, ['pause', 'pause']);
  await waitFor(() => b.did.includes('resume'));
  assert.equal(
    [a.did, b.did],
    [
      ['pause', 'pause', 'resume'],
      ['pause', 'resume'],
    ],
  );
});

test('one that may have more to read reads on', () => {
  const tap = new Tap();
  rest(tap, FULL_BYTES);
  assert.equal(tap.did, []);
});

test('so does one that has had as much in pieces, as they come over TLS', async () => {
  const [tap, other] = [new Tap(), new Tap()];
  for (let had = 0; had < FULL_BYTES; had += FULL_BYTES / 4) rest(tap, FULL_BYTES / 4);
  assert.equal(tap.did, ['pause', 'pause', 'pause', 'resume']);
  // In another turn it is counted anew.
  rest(tap, FULL_BYTES / 2);
  await waitFor(() => tap.did.length === 6);
  rest(tap, FULL_BYTES / 2);
  rest(other, 1);
  assert.equal(tap.did.slice(4), ['pause', 'resume', 'pause']);
  await waitFor(() => other.did.includes('resume'));
});

test('what was paused for good, or is gone, is left alone', async () => {
  const [waiting, gone, other] = [new Tap(), new Tap(), new Tap()];
  for (const tap of [waiting, gone, other]) rest(tap, 1);
  stayPaused(waiting);
  gone.destroyed = true;
  await waitFor(() => other.did.includes('resume'));
  assert.equal([waiting.did, gone.did], [['pause'], ['pause']]);
  rest(waiting, 1);
  await waitFor(() => waiting.did.includes('resume'), { what: 'a turn after one that was taken back' });
});

test.run();
