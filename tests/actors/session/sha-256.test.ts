import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { newRow, readRow } from '#lib/actors/download/row.ts';
import type { DownloadView } from '#lib/protocol/download.ts';
import { done, failed, phase, sample, testSession } from './harness.ts';

const HEX = 'a1'.repeat(32);
const url = 'https://example.org/file.iso';

testSession('an expected hash goes to the runner, and stays with the download over a restart', async (s) => {
  const id = await s.add('file.iso', { sha256: HEX.toUpperCase() });
  assert.is((await s.sentCommand('start', id)).sha256, HEX);
  assert.is((await s.show(id)).sha256, HEX);
  await s.news(phase(id, 'download'), phase(id, 'finish'));
  await s.restart();
  await s.wake();
  assert.is((await s.sentCommand('start', id)).sha256, HEX);
  await s.news(phase(id, 'finish'), done(id));
  const row = await s.show(id);
  assert.is(row.state, 'complete');
  assert.is(row.sha256, HEX);
});

testSession('a download that is not to be checked knows nothing of hashes', async (s) => {
  for (const more of [{}, { sha256: null }]) {
    const id = await s.add('plain', more);
    assert.not('sha256' in (await s.sentCommand('start', id)));
    assert.not('sha256' in (await s.show(id)));
  }
});

testSession('what is no SHA-256 is refused, over HTTP and on the channel', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello' });
  for (const [index, sha256] of ['', HEX.slice(1), `${HEX}0`, 'g'.repeat(64), `${HEX}\n`, 64].entries()) {
    const code = typeof sha256 === 'string' ? 'invalid_sha256' : 'invalid_request';
    const { status, body } = await s.call('POST', '/downloads', { url, sha256 });
    assert.is(status, 400);
    assert.is((body as { code: string }).code, code);
    reader.say({ type: 'command', id: `c${index}`, name: 'add', url, sha256 });
    const answer = await reader.answer(`c${index}`);
    assert.is(answer.type === 'reject' && answer.error.code, code);
  }
  assert.not(s.commands.some(({ type }) => type === 'start'));
});

testSession('the same command with another hash is a conflict, in another case the same', async (s) => {
  const add = async (more: object): Promise<{ status: number; body: { id?: string; code?: string } }> =>
    s.call('POST', '/downloads', { url, commandId: 'once', ...more });
  const first = await add({ sha256: HEX });
  assert.is(first.status, 202);
  assert.equal((await add({ sha256: HEX.toUpperCase() })).body, first.body);
  for (const more of [{}, { sha256: 'b2'.repeat(32) }]) {
    const { status, body } = await add(more);
    assert.is(status, 409);
    assert.is(body.code, 'command_conflict');
  }
});

testSession('readers learn the hash with the row, and never again', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello' });
  await reader.hear('snapshot');
  const id = await s.add('file.iso', { sha256: HEX });
  await s.news(phase(id, 'download'), sample(id, 100));
  s.clock.increment(200);
  await s.news(sample(id, 200));
  s.clock.increment(200);
  await s.news(phase(id, 'finish'), done(id));
  await reader.hear('update', ({ changes }) =>
    changes.some((change) => 'state' in change && change.state === 'complete'),
  );
  const changes = reader.messages.flatMap((message) => (message.type === 'update' ? message.changes : []));
  assert.is(changes.filter((change) => 'sha256' in change).length, 1);
  const fresh = s.connect();
  fresh.say({ type: 'hello' });
  const { downloads } = await fresh.hear('snapshot');
  assert.is(downloads[0]?.sha256, HEX);
});

testSession('while it finishes a download has all its bytes, also after a restart', async (s) => {
  const id = await s.add('file.iso', { sha256: HEX });
  // The second one waits for the end of the throttle window, which the phase ends.
  await s.news(phase(id, 'download'), sample(id, 100), sample(id, 1000), phase(id, 'finish'));
  const { state, receivedBytes } = await s.show(id);
  assert.equal([state, receivedBytes], ['finish', 1000]);
  await s.restart();
  assert.is((await s.show(id)).receivedBytes, 1000);
});

testSession('a mismatch is final, and a retry begins at the first byte with the same hash', async (s) => {
  const id = await s.add('file.iso', { sha256: HEX });
  const mismatch = { code: 'checksum_mismatch' as const, message: 'Another.', transient: false };
  await s.news(phase(id, 'download'), sample(id, 1000), phase(id, 'finish'));
  await s.news({ ...failed(id, false), error: { ...mismatch, retryAfterMs: null } } as never);
  const wrong = await s.show(id);
  assert.is(wrong.state, 'error');
  assert.equal(wrong.error, { code: mismatch.code, message: mismatch.message });
  assert.is(wrong.receivedBytes, 1000);
  s.commands.length = 0;
  const retried = (await s.call('POST', `/downloads/${id}/retry`)).body as DownloadView;
  assert.is(retried.receivedBytes, 0);
  const start = await s.sentCommand('start', id);
  assert.equal([start.attempt, start.sha256], [2, HEX]);
});

test('only rows with a hash have the version that older releases refuse', () => {
  const body = { url, streamId: null, engine: null, filename: null, title: null, sha256: undefined };
  const plain = newRow('aaaaaaaaaaaa', 1, body, 0, 'http');
  const checked = newRow('aaaaaaaaaaaa', 1, { ...body, sha256: HEX }, 0, 'http');
  assert.is(plain.v, 1);
  assert.not('sha256' in plain);
  assert.is(checked.v, 2);
  for (const row of [plain, checked]) assert.is(readRow(row), row);
});

test.run();
