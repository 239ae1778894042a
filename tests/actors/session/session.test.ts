import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DownloadView } from '#lib/protocol/download.ts';
import { waitFor } from '../../support/wait.ts';
import { done, failed, phase, sample, type Session, startSession } from './harness.ts';

/** Registers a test with a session of its own. */
function session(
  name: string,
  body: (s: Session) => Promise<void>,
  options?: Parameters<typeof startSession>[0],
): void {
  test(name, async () => {
    const s = await startSession(options);
    try {
      await body(s);
      assert.equal(s.errors, []);
    } finally {
      await s.end();
    }
  });
}

session('an added download is stored, listed, and asked of the runner', async (s) => {
  const { status, body } = await s.call('POST', '/downloads', {
    url: 'https://example.org/a.bin',
    streamId: 'x',
  });
  assert.is(status, 202);
  const { id } = body as { id: string };
  assert.equal(await s.told('start'), {
    type: 'start',
    download: id,
    attempt: 1,
    url: 'https://example.org/a.bin',
    streamId: 'x',
    engine: null,
    filename: null,
  });
  const view = await s.show(id);
  assert.is(view.state, 'queued');
  assert.is(view.title, 'a.bin');
  const list = (await s.call('GET', '/downloads')).body as { downloads: DownloadView[]; next: null };
  assert.equal(list, { downloads: [view], next: null });
});

session(
  'only as many downloads as there are places are asked for, oldest first, and the next takes a freed place',
  async (s) => {
    const ids = [await s.add('1'), await s.add('2'), await s.add('3'), await s.add('4'), await s.add('5')];
    await s.told('start', ids[2]);
    assert.equal(
      s.commands.filter(({ type }) => type === 'start').map((c) => 'download' in c && c.download),
      ids.slice(0, 3),
    );
    await s.news(phase(ids[1]!, 'download'), done(ids[1]!));
    await s.told('start', ids[3]);
    assert.is(s.commands.filter(({ type }) => type === 'start').length, 4);
    assert.is((await s.show(ids[1]!)).state, 'complete');
  },
);

session('a reader gets a snapshot, then one frame a turn with only what changed', async (s) => {
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

session('samples within a window become one frame at its end', async (s) => {
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

session('a change of state leaves at once, whatever the window', async (s) => {
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

session('a reader that comes back gets exactly the frames it missed', async (s) => {
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

session('a reader from another life of the session gets a snapshot', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello', epoch: 'before', seq: 3 });
  assert.is.not((await reader.hear('snapshot')).epoch, 'before');
});

session('a reader that falls behind loses ticks and gets one whole view when it has caught up', async (s) => {
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

session('a command is acknowledged, and the same id acts once', async (s) => {
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

session(
  'a command id is one namespace over HTTP and ws, also after a restart; another body is a conflict',
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

session('a refused command is rejected with its code; junk closes with 1008', async (s) => {
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

session('pause stops the job and keeps its row; resume asks for it again', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'), sample(id, 400));
  const { status, body } = await s.call('POST', `/downloads/${id}/pause`);
  assert.is(status, 202);
  assert.is((body as DownloadView).state, 'paused');
  await s.told('stop', id);
  assert.is((await s.show(id)).receivedBytes, 400);
  assert.is((await s.call('POST', `/downloads/${id}/pause`)).status, 409);
  s.commands.length = 0;
  await s.call('POST', `/downloads/${id}/resume`);
  assert.is((await s.told('start', id)).attempt, 1);
});

session('cancel discards the bytes; retry forgets that and starts a new attempt', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'));
  await s.call('POST', `/downloads/${id}/cancel`);
  assert.equal(await s.told('discard', id), { type: 'discard', download: id, file: null });
  s.commands.length = 0;
  const { body } = await s.call('POST', `/downloads/${id}/retry`);
  assert.is((body as DownloadView).attempt, 2);
  assert.is((await s.told('start', id)).attempt, 2);
  await s.restart();
  await s.wake();
  assert.not(s.commands.some(({ type }) => type === 'discard'));
});

session('remove answers when the bytes are gone, and asks again after a crash', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'), done(id));
  await s.told('settle', id);
  const removing = s.call('DELETE', `/downloads/${id}?file=delete`);
  assert.equal(await s.told('discard', id), { type: 'discard', download: id, file: `${id}.bin` });
  assert.is((await s.call('GET', `/downloads/${id}`)).status, 404);
  await s.news({ type: 'discarded', download: id });
  assert.is((await removing).status, 204);

  const other = await s.add('b');
  s.call('DELETE', `/downloads/${other}`).catch(() => {});
  await s.told('discard', other);
  await s.restart();
  await s.wake();
  await s.told('discard', other);
});

session('a transient failure waits, and its alarm starts the next attempt', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'), failed(id, true));
  const view = await s.show(id);
  assert.is(view.state, 'waiting');
  assert.is(view.error?.code, 'connection_lost');
  s.commands.length = 0;
  s.clock.increment(999);
  await s.wake();
  assert.is((await s.show(id)).state, 'waiting');
  s.clock.increment(1);
  assert.is((await s.told('start', id)).attempt, 2);
});

session(
  'a permanent failure is an error at once, and its place goes to the next',
  async (s) => {
    const a = await s.add('a');
    const b = await s.add('b');
    await s.news(phase(a, 'parse'), failed(a, false));
    assert.is((await s.show(a)).state, 'error');
    await s.told('start', b);
  },
  { maxActive: 1 },
);

session('words of an older attempt are not heard', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'));
  await s.call('POST', `/downloads/${id}/cancel`);
  await s.call('POST', `/downloads/${id}/retry`);
  await s.news(failed(id, false, 1));
  assert.is((await s.show(id)).state, 'queued');
});

session('a file that lands after its download was cancelled is taken away again', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'));
  await s.call('POST', `/downloads/${id}/cancel`);
  s.commands.length = 0;
  await s.news(done(id));
  assert.equal(await s.told('discard', id), { type: 'discard', download: id, file: `${id}.bin` });
});

session('a file that lands while paused completes the download', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'));
  await s.call('POST', `/downloads/${id}/pause`);
  await s.news(done(id));
  assert.is((await s.show(id)).state, 'complete');
  await s.told('settle', id);
});

session(
  'after a restart what was being worked on is asked for again, and what stood still stands',
  async (s) => {
    const working = await s.add('working');
    const paused = await s.add('paused');
    const finished = await s.add('finished');
    await s.news(
      phase(working, 'download'),
      sample(working, 10),
      phase(finished, 'download'),
      done(finished),
    );
    await s.call('POST', `/downloads/${paused}/pause`);
    await s.restart();
    await s.wake();
    assert.equal(await s.told('want'), { type: 'want', jobs: [{ download: working, attempt: 1 }] });
    await s.told('start', working);
    assert.is((await s.show(paused)).state, 'paused');
    assert.is((await s.show(finished)).state, 'complete');
    assert.is((await s.show(finished)).percent, 100);
    assert.is(s.commands.filter(({ type }) => type === 'start').length, 1);
  },
);

session('a session with work has an alarm that brings it back by itself', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'));
  await s.restart();
  await waitFor(() => {
    s.clock.increment(1000);
    return s.commands.some(({ type }) => type === 'start');
  });
  await s.told('start', id);
});

session('a job that the runner does not know of is asked for again', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'));
  s.commands.length = 0;
  await s.news({ type: 'jobs', jobs: [] });
  await s.told('start', id);
});

session('listings page newest first, also over several states', async (s) => {
  const ids: string[] = [];
  for (let n = 0; n < 7; n++) ids.push(await s.add(String(n)));
  await s.news(phase(ids[0]!, 'download'), done(ids[0]!), phase(ids[1]!, 'parse'), failed(ids[1]!, false));
  const seen: string[] = [];
  let cursor = '';
  do {
    const page = (await s.call('GET', `/downloads?state=complete,error,queued&limit=2&cursor=${cursor}`))
      .body as {
      downloads: DownloadView[];
      next: string | null;
    };
    seen.push(...page.downloads.map(({ id }) => id));
    cursor = page.next ?? '';
  } while (cursor !== '');
  assert.equal(seen, [...ids].reverse());
});

session('bad requests get their code and start nothing', async (s) => {
  const cases: [string, string, unknown, number, string][] = [
    ['POST', '/downloads', 'not json', 400, 'invalid_json'],
    ['POST', '/downloads', {}, 400, 'invalid_request'],
    ['POST', '/downloads', { url: 'file:///etc/passwd' }, 400, 'unsupported_scheme'],
    ['POST', '/downloads', { url: 'https://example.org/', engine: 'zap' }, 400, 'engine_unknown'],
    ['POST', '/downloads', { url: 'https://example.org/', extra: 1 }, 400, 'invalid_request'],
    ['GET', '/downloads?limit=0', undefined, 400, 'invalid_request'],
    ['GET', '/downloads?state=odd', undefined, 400, 'invalid_request'],
    ['GET', '/downloads?cursor=%2F', undefined, 400, 'invalid_cursor'],
    ['GET', '/downloads/nothing', undefined, 404, 'not_found'],
    ['PUT', '/downloads', undefined, 405, 'method_not_allowed'],
    ['GET', '/elsewhere', undefined, 404, 'not_found'],
  ];
  for (const [method, path, body, status, code] of cases) {
    const answer = await s.call(method, path, body);
    assert.is(answer.status, status, `${method} ${path}`);
    assert.is((answer.body as { code: string }).code, code, `${method} ${path}`);
  }
  assert.not(s.commands.some(({ type }) => type === 'start'));
});

session('a parse is a job whose answer comes back to who asked, with items on the way', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello' });
  reader.say({ type: 'command', id: 'p1', name: 'parse', url: 'https://example.org/page' });
  const { job } = await s.told('parse');
  await s.news({ type: 'parse-items', job, engine: 'http', items: [] });
  await reader.hear('items');
  await s.news({ type: 'parse-done', job, result: { engine: 'http', items: [] } });
  assert.equal((await reader.hear('ack')).result, { engine: 'http', items: [] });

  s.commands.length = 0;
  const asked = s.call('POST', '/parse', { url: 'https://example.org/other' });
  const other = await s.told('parse');
  await s.news({
    type: 'parse-failed',
    job: other.job,
    error: { code: 'no_media', message: 'Nothing there.' },
  });
  assert.is((await asked).status, 422);
});

session('a parse whose asker went away is abandoned', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello' });
  reader.say({ type: 'command', id: 'p1', name: 'parse', url: 'https://example.org/page' });
  await s.told('parse');
  reader.close(1001);
  await s.told('abandon-parse');
});

session('a session sleeps when nothing works, keeps its sockets, and wakes for a message', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello' });
  await reader.hear('snapshot');
  const id = await s.add('a');
  await s.news(phase(id, 'download'));
  s.clock.increment(20_000);
  await s.wake();
  assert.is(s.stats().live, 1, 'it stays while something works');
  await s.news(done(id));
  await s.told('settle', id);
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
