import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cancelResume, FULL_READ_BYTES, pauseAfterRead } from '#lib/annie/http/file/read-pacing.ts';
import { waitFor } from '../../support/wait.ts';

class FakeSocket {
  destroyed = false;
  readonly calls: string[] = [];
  pause(): void {
    this.calls.push('pause');
  }
  resume(): void {
    this.calls.push('resume');
  }
}

test('all paused sockets resume at the next timer, however often they were paused', async () => {
  const [a, b] = [new FakeSocket(), new FakeSocket()];
  pauseAfterRead(a, 1);
  pauseAfterRead(b, FULL_READ_BYTES - 1);
  pauseAfterRead(a, 1);
  assert.equal(a.calls, ['pause', 'pause']);
  await waitFor(() => b.calls.includes('resume'));
  assert.equal(
    [a.calls, b.calls],
    [
      ['pause', 'pause', 'resume'],
      ['pause', 'resume'],
    ],
  );
});

test('a socket that may have more to read is not paused', () => {
  const socket = new FakeSocket();
  pauseAfterRead(socket, FULL_READ_BYTES);
  assert.equal(socket.calls, []);
});

test('nor is one that has read as much in pieces, as TLS delivers them', async () => {
  const [socket, other] = [new FakeSocket(), new FakeSocket()];
  for (let had = 0; had < FULL_READ_BYTES; had += FULL_READ_BYTES / 4)
    pauseAfterRead(socket, FULL_READ_BYTES / 4);
  assert.equal(socket.calls, ['pause', 'pause', 'pause', 'resume']);
  // After a resume the count starts anew.
  pauseAfterRead(socket, FULL_READ_BYTES / 2);
  await waitFor(() => socket.calls.length === 6);
  pauseAfterRead(socket, FULL_READ_BYTES / 2);
  pauseAfterRead(other, 1);
  assert.equal(socket.calls.slice(4), ['pause', 'resume', 'pause']);
  await waitFor(() => other.calls.includes('resume'));
});

test('a socket that is paused for another reason, or destroyed, is not resumed', async () => {
  const [waiting, gone, other] = [new FakeSocket(), new FakeSocket(), new FakeSocket()];
  for (const socket of [waiting, gone, other]) pauseAfterRead(socket, 1);
  cancelResume(waiting);
  gone.destroyed = true;
  await waitFor(() => other.calls.includes('resume'));
  assert.equal([waiting.calls, gone.calls], [['pause'], ['pause']]);
  pauseAfterRead(waiting, 1);
  await waitFor(() => waiting.calls.includes('resume'), { what: 'a resume after a cancelled one' });
});

test.run();
