import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DownloadPage } from '#lib/actors/session/listings.ts';
import type { DownloadView } from '#lib/protocol/download.ts';
import { waitFor } from '../../support/wait.ts';
import { done, phase, sample, testSession } from './harness.ts';

testSession('a reader gets a snapshot, then one frame a turn with only what changed', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello' });
  const snapshot = await reader.hear('snapshot');
  assert.equal(snapshot.downloads, []);
  assert.equal(snapshot.totals, { active: 0, queued: 0, done: 0, failed: 0, bytesPerSecond: 0 });
  const id = await s.add('a');
  const added = await reader.hear('update');
  assert.is(added.seq, snapshot.seq + 1);
  assert.is((added.changes[0] as DownloadView).state, 'queued');
  assert.is(added.totals?.queued, 1);
  await s.news(phase(id, 'download'));
  const moved = await reader.hear('update', ({ seq }) => seq === added.seq + 1);
  assert.equal(moved.changes, [{ id, engine: 'http', state: 'download', totalBytes: 1000 }]);
});

testSession('samples within a window become one frame at its end', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello' });
  await reader.hear('snapshot');
  const a = await s.add('a');
  const b = await s.add('b');
  await s.news(phase(a, 'download'), phase(b, 'download'), sample(a, 1), sample(b, 1));
  const count = reader.messages.length;
  for (let n = 2; n <= 50; n++) await s.news(sample(a, n), sample(b, n));
  assert.is(reader.messages.length, count, 'nothing leaves within the window');
  s.clock.increment(200);
  const last = reader.messages;
  await reader.hear('update', ({ changes }) =>
    changes.some((change) => 'receivedBytes' in change && change.receivedBytes === 50),
  );
  assert.is(last.length, count + 1);
  assert.equal((last.at(-1) as { changes: unknown }).changes, [
    { id: a, receivedBytes: 50 },
    { id: b, receivedBytes: 50 },
  ]);
});

testSession('a change of state leaves at once, whatever the window', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello' });
  await reader.hear('snapshot');
  const id = await s.add('a');
  await s.news(phase(id, 'download'), sample(id, 1));
  await s.news(sample(id, 900), done(id));
  await reader.hear('update', ({ changes }) =>
    changes.some((change) => 'state' in change && change.state === 'complete'),
  );
});

testSession('a reader that comes back gets exactly the frames it missed', async (s) => {
  const first = s.connect();
  first.say({ type: 'hello' });
  const { epoch, seq } = await first.hear('snapshot');
  const stays = s.connect();
  stays.say({ type: 'hello' });
  await stays.hear('snapshot');
  first.close(1001);
  const id = await s.add('a');
  await s.news(phase(id, 'download'), sample(id, 7));
  const again = s.connect();
  again.say({ type: 'hello', epoch, seq });
  await again.hear('update', (update) => update.seq === seq + 2);
  assert.equal(again.messages, stays.messages.slice(1));
  assert.not(again.messages.some(({ type }) => type === 'snapshot'));
});

testSession('a hello that is said again is a question for a sign of life', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello' });
  const { epoch, seq } = await reader.hear('snapshot');
  reader.say({ type: 'hello', epoch, seq });
  assert.equal(await reader.hear('update'), { type: 'update', seq, changes: [] });
});

testSession('a reader from another life of the session gets a snapshot', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello', epoch: 'before', seq: 3 });
  assert.is.not((await reader.hear('snapshot')).epoch, 'before');
});

testSession('a reader that falls behind gets no updates, and a snapshot when it has caught up', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello' });
  await reader.hear('snapshot');
  const id = await s.add('a');
  await s.news(phase(id, 'download'), sample(id, 1));
  reader.bufferedAmount = 300 * 1024;
  const count = reader.messages.length;
  for (let n = 2; n < 12; n++) {
    await s.news(sample(id, n));
    s.clock.increment(200);
    await s.wake();
  }
  assert.is(reader.messages.length, count);
  reader.bufferedAmount = 0;
  s.clock.increment(200);
  const snapshot = await reader.hear('snapshot', ({ downloads }) => downloads.length > 0);
  assert.is(snapshot.downloads[0]?.receivedBytes, 11);
});

testSession('a command is acknowledged, and the same id acts once', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello' });
  const command = { type: 'command', id: 'c1', name: 'add', url: 'https://example.org/a' };
  reader.say(command);
  const ack = await reader.hear('ack');
  reader.say(command);
  await reader.hear('ack', (message) => message !== ack);
  assert.equal(
    reader.messages.filter(({ type }) => type === 'ack'),
    [ack, ack],
  );
  const list = (await s.call('GET', '/downloads')).body as { downloads: unknown[] };
  assert.is(list.downloads.length, 1);
});

testSession('a snapshot has every download with a place, however many newer ones there are', async (s) => {
  const ids: string[] = [];
  for (let n = 0; n < 120; n++) ids.push(await s.add(`f${n}`));
  await s.news(phase(ids[0]!, 'download'), sample(ids[0]!, 10));
  const reader = s.connect();
  reader.say({ type: 'hello' });
  const { downloads, next } = await reader.hear('snapshot');
  const shown = downloads.map(({ id }) => id);
  assert.is(shown.at(-1), ids[0]);
  assert.is(shown[0], ids.at(-1));
  // The rest can be paged without a gap.
  const rest: string[] = [];
  for (let cursor: string | null = next; cursor !== null;) {
    const page = (await s.call('GET', `/downloads?cursor=${cursor}`)).body as DownloadPage;
    rest.push(...page.downloads.map(({ id }) => id));
    cursor = page.next;
  }
  assert.equal([...new Set([...shown, ...rest])].sort(), [...ids].sort());
});

testSession(
  'HTTP and ws share one namespace of command ids, also after a restart; another body is a conflict',
  async (s) => {
    const body = { url: 'https://example.org/a', commandId: 'c1' };
    const first = await s.call('POST', '/downloads', body);
    await s.restart();
    assert.equal(await s.call('POST', '/downloads', body), first);
    const other = await s.call('POST', '/downloads', { ...body, url: 'https://example.org/b' });
    assert.is(other.status, 409);
    assert.is((other.body as { code: string }).code, 'command_conflict');
    const reader = s.connect();
    reader.say({ type: 'hello' });
    reader.say({ type: 'command', id: 'c1', name: 'add', url: 'https://example.org/b' });
    assert.is((await reader.hear('reject')).error.code, 'command_conflict');
  },
);

testSession('a refused command is rejected with its code; junk closes with 1008', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello' });
  reader.say({ type: 'command', id: 'c1', name: 'pause', downloadId: 'nothinghere1' });
  assert.is((await reader.hear('reject')).error.code, 'not_found');
  reader.say({ type: 'command', id: 'c2', name: 'explode' });
  assert.is((await reader.hear('reject', ({ id }) => id === 'c2')).error.code, 'invalid_request');
  reader.say('junk');
  assert.is((await waitFor(() => reader.closed)).code, 1008);
  const rude = s.connect();
  rude.say({ type: 'command', id: 'c3', name: 'parse', url: 'https://example.org/' });
  assert.is((await waitFor(() => rude.closed)).code, 1008, 'hello comes first');
});

testSession('a session sleeps when nothing works, keeps its sockets, and wakes for a message', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello' });
  await reader.hear('snapshot');
  const id = await s.add('a');
  await s.news(phase(id, 'download'));
  s.clock.increment(20_000);
  await s.wake();
  assert.is(s.stats().live, 1, 'it stays while something works');
  await s.news(done(id));
  await s.sentCommand('settle', id);
  await waitFor(() => {
    s.clock.increment(1000);
    return s.stats().live === 0;
  });
  assert.is(s.stats().sockets, 1);
  reader.messages.length = 0;
  reader.say({ type: 'command', id: 'c9', name: 'retry', downloadId: id });
  assert.is((await reader.hear('reject')).error.code, 'wrong_state');
});

test.run();
