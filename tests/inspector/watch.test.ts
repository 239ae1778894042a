import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { done, failed, phase, sample, testSession } from '../actors/session/harness.ts';
import { waitFor } from '../support/wait.ts';
import { inspect, OPERATOR, own } from './watching.ts';

testSession('a download is observed from the command to its end, each step with its cause', async (s) => {
  const { inspector, watch } = inspect(s);
  const client = watch(OPERATOR);
  const id = await s.add('a');
  await s.sentCommand('start', id);
  await s.news(phase(id, 'download'), sample(id, 500));
  await s.news(done(id));
  await client.received('stop', ({ about }) => about === `download:${id}`);
  // It is sent after the commit, so perhaps in the next flush.
  await client.received('command', ({ command }) => command === 'settle');
  const mine = client.log.filter(({ about }) => about === `download:${id}`);
  const steps = mine.flatMap((seen) =>
    seen.kind === 'transition' ? [`${seen.event} → ${seen.value} (${seen.cause})`] : [],
  );
  assert.equal(steps, [
    'xstate.init → queued.held (null)',
    'run → queued.asked (place)',
    'phase → download.live (runner:phase)',
    'sample → download.throttle (runner:sample)',
    'done → complete (runner:done)',
  ]);
  assert.equal(
    mine.flatMap((seen) =>
      seen.kind === 'command' ? [seen.command] : seen.kind === 'news' ? [seen.news] : [],
    ),
    ['start', 'phase', 'done', 'settle'],
  );
  assert.equal(
    client.log.flatMap((seen) => (seen.kind === 'action' ? [seen.action] : [])),
    ['askRunner', 'settleRunner'],
  );
  const numbers = client.log.map(({ n }) => n);
  assert.equal(
    numbers,
    [...numbers].sort((a, b) => a - b),
  );
  assert.ok(client.log.some((seen) => seen.kind === 'commit' && seen.outcome === 'done'));
  assert.ok(
    client.log.some((seen) => seen.kind === 'turn' && seen.from === 'client:http' && seen.cause === 'http'),
  );
  inspector.close();
});

testSession('a context is sent whole at first, then only its changes', async (s) => {
  const { inspector, watch } = inspect(s);
  const id = await s.add('a');
  await s.sentCommand('start', id);
  await s.news(phase(id, 'download'));
  const client = watch(OPERATOR, { actor: `download:${id}` });
  await s.news(sample(id, 100));
  const first = await client.received('transition');
  assert.is((first.changed['row'] as { receivedBytes: number }).receivedBytes, 100);
  assert.not.ok('effects' in first.changed);
  s.clock.increment(200);
  await client.received('transition', ({ event, value }) => event === 'tick' && value === 'download.live');
  await s.news(sample(id, 300));
  const second = await client.received('transition', ({ n, event }) => n > first.n && event === 'sample');
  assert.equal(second.changed, { 'row.receivedBytes': 300 });
  assert.equal(second.took, ['download.download.live:sample:0']);
  inspector.close();
});

testSession('nothing is recorded without readers, and numbers continue with the next reader', async (s) => {
  const { inspector, watch } = inspect(s);
  const first = watch(OPERATOR);
  await s.add('a');
  await first.received('commit');
  const last = first.log.at(-1)?.n ?? 0;
  first.disconnect();
  const second = watch(OPERATOR, { since: last });
  await s.add('b');
  await second.received('commit');
  assert.ok(second.log.every(({ n }) => n > last));
  assert.is(second.dropped, 0);
  inspector.close();
  const before = second.messages.length;
  await s.add('c');
  assert.is(second.messages.length, before);
});

testSession('a session sees only what is its own, also in commits that it shares', async (s) => {
  const { inspector, watch } = inspect(s);
  const [mine, theirs, operator] = [watch(own('s1')), watch(own('s2')), watch(OPERATOR)];
  const [a, b] = await Promise.all([
    s.call('POST', '/downloads', { url: 'https://example.org/mine' }, 's1'),
    s.call('POST', '/downloads', { url: 'https://example.org/theirs' }, 's2'),
  ]).then((answers) => answers.map(({ body }) => (body as { id: string }).id));
  await s.sentCommand('start', a);
  await s.sentCommand('start', b);
  await s.news('s2', phase(b as string, 'download'), sample(b as string, 1));
  await s.news('s2', failed(b as string, false));
  await s.news('s1', done(a as string));
  for (const client of [mine, operator])
    await client.received('stop', ({ about }) => about === `download:${a}`);
  await waitFor(() => mine.tree.size > 2 && theirs.tree.size > 2, { what: 'the trees' });
  for (const [client, foreign] of [
    [mine, [b, 's2', 'theirs']],
    [theirs, [a, 's1', 'mine']],
  ] as const) {
    for (const word of foreign) assert.not.ok(client.text.includes(`${word}`), `${word} in ${client.text}`);
    const commits = client.log.filter((seen) => seen.kind === 'commit');
    assert.ok(commits.length > 0 && commits.every((seen) => seen.kind === 'commit' && seen.actors === 1));
    const host = client.tree.get('host');
    assert.is(host?.kind === 'host' && host.sessions, 1);
  }
  assert.ok(operator.text.includes('theirs') && operator.text.includes('mine'));
  inspector.close();
});

testSession('no secret is sent to a reader or written to a trace, wherever it was planted', async (s) => {
  const { inspector, watch } = inspect(s);
  const client = watch(OPERATOR);
  const reader = s.connect();
  reader.say({ type: 'hello' });
  reader.say({
    ...{ type: 'command', id: 'c1', name: 'add', url: 'https://example.org/v?token=S3cr3t#S3cr3t' },
    title: 'see https://u:S3cr3t@example.org/?a=S3cr3t',
  });
  const answer = await reader.answer('c1');
  const { id } = (answer.type === 'ack' ? answer.result : {}) as { id: string };
  await s.sentCommand('start', id);
  await s.news({ ...phase(id, 'download'), title: 'https://example.org/?sig=S3cr3t' } as never);
  await s.news({
    ...failed(id, false),
    error: {
      code: 'remote_denied',
      message: 'GET https%3A%2F%2Fu%3AS3cr3t%40example.org%2F was refused: Authorization: Basic S3cr3t',
      transient: false,
      retryAfterMs: null,
    },
    output: '{"Cookie": "sid=S3cr3t"}',
  } as never);
  await client.received('transition', ({ value }) => value === 'error');
  await client.received('frame');
  await waitFor(() => client.tree.get(`download:${id}`));
  const trace = JSON.stringify(await inspector.trace(id, 's1'));
  for (const text of [client.text, trace]) {
    assert.not.ok(
      text.includes('S3cr3t'),
      text.slice(Math.max(0, text.indexOf('S3cr3t') - 300)).slice(0, 400),
    );
    assert.ok(text.includes('https://example.org/v?***'));
  }
  inspector.close();
});

testSession(
  'a reader whose socket is full is sent nothing, and later told how many entries it lost',
  async (s) => {
    const { inspector, watch } = inspect(s);
    const client = watch(OPERATOR);
    await waitFor(() => client.tree.size > 0);
    client.bufferedAmount = 1024 * 1024;
    const sent = client.messages.length;
    const other = watch(OPERATOR);
    for (let k = 0; k < 5; k++) await s.add(`n${k}`);
    await other.received('commit');
    await waitFor(() => other.tree.size >= 7, { what: 'five downloads in the tree' });
    assert.is(client.messages.length, sent);
    client.bufferedAmount = 0;
    await waitFor(() => client.dropped > 0);
    assert.ok(client.dropped >= other.log.length - 5);
    await waitFor(() => client.tree.size === other.tree.size);
    inspector.close();
  },
);

testSession('the tree shows sleeping sessions and their downloads without waking them', async (s) => {
  const { inspector, watch } = inspect(s);
  const id = await s.add('a');
  await s.sentCommand('start', id);
  await s.news(failed(id, false));
  s.clock.increment(20_000);
  await waitFor(() => s.stats().live === 0);
  const client = watch(OPERATOR);
  const view = await waitFor(() => client.tree.get(`download:${id}`));
  assert.equal(view.kind === 'download' && [view.state, view.isLive, view.errorCode, view.parent], [
    'error',
    false,
    'connection_lost',
    'session:s1',
  ]);
  const session = await waitFor(() => {
    const line = client.tree.get('session:s1');
    return line?.kind === 'session' && line.storageBytes !== null && line;
  });
  assert.is(session.state, 'hibernated');
  assert.ok((session.storageBytes ?? 0) > 300);
  assert.is(s.stats().live, 0);
  const [one] = [await inspector.explain(id, null)];
  assert.equal(one?.output, 'last words');
  assert.equal(
    one?.transitions.map(({ state, cause }) => `${state} ${cause}`),
    ['queued http', 'error runner:failed'],
  );
  assert.is(await inspector.explain(id, 's2'), null);
  inspector.close();
});

test.run();
