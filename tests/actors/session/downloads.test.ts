import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DownloadView } from '#lib/protocol/download.ts';
import { nextTurns } from '../../runner/fixture.ts';
import { waitFor } from '../../support/wait.ts';
import { done, failed, phase, sample, testSession } from './harness.ts';

testSession('an added download is stored, listed, and asked of the runner', async (s) => {
  const { status, body } = await s.call('POST', '/downloads', {
    url: 'https://example.org/a.bin',
    streamId: 'x',
  });
  assert.is(status, 202);
  const { id } = body as { id: string };
  assert.equal(await s.sentCommand('start'), {
    type: 'start',
    download: id,
    attempt: 1,
    url: 'https://example.org/a.bin',
    streamId: 'x',
    engine: null,
    filename: null,
    totalBytes: null,
  });
  const view = await s.show(id);
  assert.is(view.state, 'queued');
  assert.is(view.title, 'a.bin');
  const list = (await s.call('GET', '/downloads')).body as { downloads: DownloadView[]; next: null };
  assert.equal(list, { downloads: [view], next: null });
});

testSession(
  'only as many downloads as there are slots are started, oldest first, and the next one takes a freed slot',
  async (s) => {
    const ids = [await s.add('1'), await s.add('2'), await s.add('3'), await s.add('4'), await s.add('5')];
    await s.sentCommand('start', ids[2]);
    assert.equal(
      s.commands.filter(({ type }) => type === 'start').map((c) => 'download' in c && c.download),
      ids.slice(0, 3),
    );
    await s.news(phase(ids[1]!, 'download'), done(ids[1]!));
    await s.sentCommand('start', ids[3]);
    assert.is(s.commands.filter(({ type }) => type === 'start').length, 4);
    assert.is((await s.show(ids[1]!)).state, 'complete');
  },
);

testSession('pause stops the job and keeps its row; resume asks for it again', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'), sample(id, 400));
  const { status, body } = await s.call('POST', `/downloads/${id}/pause`);
  assert.is(status, 202);
  assert.is((body as DownloadView).state, 'paused');
  await s.sentCommand('stop', id);
  assert.is((await s.show(id)).receivedBytes, 400);
  assert.is((await s.call('POST', `/downloads/${id}/pause`)).status, 409);
  s.commands.length = 0;
  await s.call('POST', `/downloads/${id}/resume`);
  assert.is((await s.sentCommand('start', id)).attempt, 1);
});

testSession('cancel discards the bytes; retry forgets that and starts a new attempt', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'));
  await s.call('POST', `/downloads/${id}/cancel`);
  assert.equal(await s.sentCommand('discard', id), { type: 'discard', download: id, file: null });
  s.commands.length = 0;
  const { body } = await s.call('POST', `/downloads/${id}/retry`);
  assert.is((body as DownloadView).attempt, 2);
  assert.is((await s.sentCommand('start', id)).attempt, 2);
  await s.restart();
  await s.wake();
  assert.not(s.commands.some(({ type }) => type === 'discard'));
});

testSession(
  'a finished file is kept if its download is removed without it, also after a crash',
  async (s) => {
    const id = await s.add('a');
    await s.news(phase(id, 'download'), done(id));
    await s.sentCommand('settle', id);
    s.call('DELETE', `/downloads/${id}?file=keep`).catch(() => undefined);
    const discard = { type: 'discard', download: id, file: null, keepFile: true };
    assert.equal(await s.sentCommand('discard', id), discard);
    await s.restart();
    await s.wake();
    assert.equal(await s.sentCommand('discard', id), discard);
  },
);

testSession('remove answers when the bytes are gone, and asks again after a crash', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'), done(id));
  await s.sentCommand('settle', id);
  const removing = s.call('DELETE', `/downloads/${id}?file=delete`);
  assert.equal(await s.sentCommand('discard', id), { type: 'discard', download: id, file: `${id}.bin` });
  assert.is((await s.call('GET', `/downloads/${id}`)).status, 404);
  await s.news({ type: 'discarded', download: id });
  assert.is((await removing).status, 204);

  const other = await s.add('b');
  s.call('DELETE', `/downloads/${other}`).catch(() => {});
  await s.sentCommand('discard', other);
  await s.restart();
  await s.wake();
  await s.sentCommand('discard', other);
});

testSession(
  'a removal that the disk refuses is answered with removal_waits, kept, and asked for again each 30 s',
  async (s) => {
    const [id, kept, cancelled] = [await s.add('a'), await s.add('b'), await s.add('c')];
    await s.sentCommand('start', cancelled);
    for (const each of [id, kept]) await s.news(phase(each, 'download'), done(each));
    const removing = s.call('DELETE', `/downloads/${id}?file=delete`);
    const keeping = s.call('DELETE', `/downloads/${kept}?file=keep`);
    await s.call('POST', `/downloads/${cancelled}/cancel`);
    const discards = (): string[] =>
      s.commands.flatMap((each) => (each.type === 'discard' ? [each.download] : []));
    await waitFor(() => discards().length === 3);
    const refused = [id, kept, cancelled].map((each) => ({ type: 'not-discarded', download: each }) as const);
    await s.news(...refused);
    const { status, body } = await removing;
    assert.equal([status, (body as { code: string }).code], [503, 'removal_waits']);
    assert.is((await keeping).status, 204, 'nothing of it is missing from the folder');
    await s.restart();
    await s.wake();
    await waitFor(() => discards().length === 3, { what: 'all of them again after a restart' });
    // The folder is back, and its work dirs are reported before they are removed.
    await s.news(...refused, { type: 'found', downloads: [id, kept] });
    assert.not(s.commands.some(({ type }) => type === 'set-aside'));
    s.commands.length = 0;
    s.clock.increment(30_000);
    await waitFor(() => discards().length === 3, { what: 'all of them again after 30 s' });
    assert.equal(
      s.commands.find((each) => each.type === 'discard' && each.download === id),
      { type: 'discard', download: id, file: `${id}.bin` },
    );
    await s.news(...refused.map(({ download }) => ({ type: 'discarded', download }) as const));
    s.commands.length = 0;
    s.clock.increment(60_000);
    await nextTurns();
    assert.equal(discards(), []);
  },
);

testSession('a transient failure waits, and its alarm starts the next attempt', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'), failed(id, true));
  const view = await s.show(id);
  assert.is(view.state, 'waiting');
  assert.is(view.error?.code, 'connection_lost');
  assert.is(Date.parse(view.retryAt ?? ''), s.clock.now() + 1000);
  s.commands.length = 0;
  s.clock.increment(999);
  await s.wake();
  assert.is((await s.show(id)).state, 'waiting');
  s.clock.increment(1);
  assert.is((await s.sentCommand('start', id)).attempt, 2);
  assert.not('retryAt' in (await s.show(id)));
});

testSession(
  'a download that is paused while it waits goes on with a new attempt and without its error',
  async (s) => {
    const id = await s.add('a');
    await s.news(phase(id, 'download'), failed(id, true));
    await s.call('POST', `/downloads/${id}/pause`);
    const paused = await s.show(id);
    assert.is(paused.state, 'paused');
    assert.not(paused.error);
    s.commands.length = 0;
    await s.call('POST', `/downloads/${id}/resume`);
    // For the first attempt the runner would only repeat the outcome.
    assert.is((await s.sentCommand('start', id)).attempt, 2);
  },
);

testSession(
  'a permanent failure is an error at once, and its slot goes to the next download',
  async (s) => {
    const a = await s.add('a');
    const b = await s.add('b');
    await s.news(phase(a, 'parse'), failed(a, false));
    assert.is((await s.show(a)).state, 'error');
    await s.sentCommand('start', b);
  },
  { maxActive: 1 },
);

testSession('events of an older attempt are ignored', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'));
  await s.call('POST', `/downloads/${id}/cancel`);
  await s.call('POST', `/downloads/${id}/retry`);
  await s.news(failed(id, false, 1));
  assert.is((await s.show(id)).state, 'queued');
});

testSession('a file that lands after its download was cancelled is taken away again', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'));
  await s.call('POST', `/downloads/${id}/cancel`);
  s.commands.length = 0;
  await s.news(done(id));
  assert.equal(await s.sentCommand('discard', id), { type: 'discard', download: id, file: `${id}.bin` });
});

testSession('a file that lands while paused completes the download', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'));
  await s.call('POST', `/downloads/${id}/pause`);
  await s.news(done(id));
  assert.is((await s.show(id)).state, 'complete');
  await s.sentCommand('settle', id);
});

testSession('after a restart running downloads are started again, and others stay as they are', async (s) => {
  const working = await s.add('working');
  const paused = await s.add('paused');
  const finished = await s.add('finished');
  await s.news(phase(working, 'download'), sample(working, 10), phase(finished, 'download'), done(finished));
  await s.call('POST', `/downloads/${paused}/pause`);
  await s.restart();
  await s.wake();
  assert.equal(await s.sentCommand('want'), { type: 'want', jobs: [{ download: working, attempt: 1 }] });
  await s.sentCommand('start', working);
  assert.is((await s.show(paused)).state, 'paused');
  assert.is((await s.show(finished)).state, 'complete');
  assert.is((await s.show(finished)).percent, 100);
  assert.is(s.commands.filter(({ type }) => type === 'start').length, 1);
});

testSession('a session with work has an alarm that brings it back by itself', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'));
  await s.restart();
  await waitFor(() => {
    s.clock.increment(1000);
    return s.commands.some(({ type }) => type === 'start');
  });
  await s.sentCommand('start', id);
});

testSession('a job that the runner does not know of is asked for again', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'));
  s.commands.length = 0;
  await s.news({ type: 'jobs', jobs: [] });
  await s.sentCommand('start', id);
});

test.run();
