import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DownloadView } from '#lib/protocol/download.ts';
import { waitFor } from '../../support/wait.ts';
import { done, failed, phase, testSession } from './harness.ts';

testSession('listings page newest first, also over several states', async (s) => {
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

testSession('downloads that are added at once can be sorted by when they were', async (s) => {
  const ids: string[] = [];
  for (let n = 0; n < 50; n++) ids.push(await s.add(String(n)));
  const { downloads } = (await s.call('GET', '/downloads')).body as { downloads: DownloadView[] };
  const byTime = [...downloads].sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  assert.equal(
    byTime.map(({ id }) => id),
    ids,
  );
});

testSession('bad requests get their code and start nothing', async (s) => {
  const cases: [string, string, unknown, number, string][] = [
    ['POST', '/downloads', 'not json', 400, 'invalid_json'],
    ['POST', '/downloads', {}, 400, 'invalid_request'],
    ['POST', '/downloads', { url: 'file:///etc/passwd' }, 400, 'unsupported_scheme'],
    ['POST', '/downloads', { url: 'https://example.org/', engine: 'zap' }, 400, 'engine_unknown'],
    ['POST', '/downloads', { url: 'https://example.org/', engine: 'program:gone' }, 400, 'engine_unknown'],
    ['POST', '/parse', { url: 'https://example.org/', engine: 'program:gone' }, 400, 'engine_unknown'],
    ['POST', '/downloads', { url: 'https://example.org/', extra: 1 }, 400, 'invalid_request'],
    ['GET', '/downloads?limit=0', undefined, 400, 'invalid_request'],
    ['GET', '/downloads?state=odd', undefined, 400, 'invalid_request'],
    ['GET', '/downloads?cursor=%2F', undefined, 400, 'invalid_cursor'],
    ['GET', '/downloads/nothing', undefined, 404, 'not_found'],
    ['GET', `/downloads/${'x'.repeat(3000)}`, undefined, 404, 'not_found'],
    ['POST', `/downloads/${'x'.repeat(3000)}/pause`, undefined, 404, 'not_found'],
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

testSession(
  'a title is one line without characters that hide or reorder text, from every source',
  async (s) => {
    const titleOf = async (body: object): Promise<string> => {
      const added = await s.call('POST', '/downloads', { url: 'https://h.test/', ...body });
      return (await s.show((added.body as { id: string }).id)).title;
    };
    assert.is(await titleOf({ url: 'https://h.test/%1b%5b2Ja%0ab%E2%80%AEc' }), '[2Ja bc');
    assert.is(await titleOf({ title: '\u001b[2Ja\nb\u202ec' }), '[2Ja bc');
    assert.is(await titleOf({ filename: 'a\u202ec.mp4' }), 'ac.mp4');
    assert.is(await titleOf({ url: 'https://h.test/%1b' }), 'h.test');
    assert.is(await titleOf({ title: '\u202e' }), 'h.test');
  },
);

testSession(
  'stored answers are deleted after two days, however many, in a session that stays awake',
  async (s) => {
    const add = (commandId: string) => s.call('POST', '/downloads', { url: 'https://h.test/a', commandId });
    const kept = (): number => s.host().stored('session', 's1').list({ prefix: 'cmd/', limit: 1000 }).length;
    for (let n = 0; n < 300; n++) await add(`old-${n}`);
    assert.is(kept(), 300);
    s.clock.increment(2 * 86_400_000);
    for (let n = 0; n < 3; n++) await add(`new-${n}`);
    await waitFor(() => kept() === 3, { what: 'the old ones to be forgotten' });
  },
);

const DAY_MS = 86_400_000;

testSession(
  'a repeated command does not act again, across midnight, a restart and nearly a day',
  async (s) => {
    const add = (commandId: string, name = 'a') =>
      s.call('POST', '/downloads', { url: `https://h.test/${name}`, commandId });
    // The session's clock begins at midnight: this is two minutes before the next.
    s.clock.increment(DAY_MS - 120_000);
    const { body } = await add('late');
    for (const laterMs of [119_999, 1, 240_000, DAY_MS - 720_000, 359_000]) {
      s.clock.increment(laterMs);
      // Commands in between delete the oldest answers.
      await add(`between-${laterMs}`, 'b');
      assert.equal((await add('late')).body, body, `${laterMs} ms later`);
    }
    await s.restart();
    assert.equal((await add('late')).body, body);
    const other = await add('late', 'other');
    assert.equal([other.status, (other.body as { code: string }).code], [409, 'command_conflict']);
    const { downloads } = (await s.call('GET', '/downloads')).body as { downloads: DownloadView[] };
    assert.is(downloads.filter(({ url }) => url.endsWith('/a')).length, 1);
    assert.is(downloads.length, 6);
  },
);

testSession('a refusal is remembered across midnight too, and a socket shares the ids', async (s) => {
  s.clock.increment(DAY_MS - 1000);
  const reader = s.connect();
  reader.say({ type: 'hello' });
  const pause = { type: 'command', id: 'p', name: 'pause', downloadId: 'nothing-here' };
  reader.say(pause);
  const refused = await reader.answer('p');
  assert.is(refused.type, 'reject');
  const { body } = await s.call('POST', '/downloads', { url: 'https://h.test/a', commandId: 'c' });
  s.clock.increment(2000);
  const after = s.connect();
  after.say({ type: 'hello' });
  after.say(pause);
  assert.equal(await after.answer('p'), refused);
  const { url, ...rest } = { name: 'add', url: 'https://h.test/a', streamId: null, engine: null };
  after.say({ type: 'command', id: 'c', url, ...rest });
  assert.equal(await after.answer('c'), { type: 'ack', id: 'c', result: body });
});

testSession('a parse is a job whose answer comes back to who asked, with items on the way', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello' });
  reader.say({ type: 'command', id: 'p1', name: 'parse', url: 'https://example.org/page' });
  const { job } = await s.sentCommand('parse');
  await s.news({ type: 'parse-items', job, engine: 'http', items: [] });
  await reader.hear('items');
  await s.news({ type: 'parse-done', job, result: { engine: 'http', items: [] } });
  assert.equal((await reader.hear('ack')).result, { engine: 'http', items: [] });

  s.commands.length = 0;
  const asked = s.call('POST', '/parse', { url: 'https://example.org/other' });
  const other = await s.sentCommand('parse');
  await s.news({
    type: 'parse-failed',
    job: other.job,
    error: { code: 'no_media', message: 'Nothing there.' },
  });
  assert.is((await asked).status, 422);
});

testSession('a parse whose asker went away is abandoned', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello' });
  reader.say({ type: 'command', id: 'p1', name: 'parse', url: 'https://example.org/page' });
  await s.sentCommand('parse');
  reader.close(1001);
  await s.sentCommand('abandon-parse');
});

test.run();
