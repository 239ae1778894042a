/** No network, or one host away: what waits, what is held back, and what goes on when it is over. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LIMITS } from '#lib/actors/durable/limits.ts';
import type { RunnerEvent, RunnerFailure } from '#lib/protocol/runner.ts';
import { waitFor } from '../../support/wait.ts';
import { CountedSession } from './counted-session.ts';
import { done, failed, phase, sample, type Session, testSession } from './harness.ts';

const HOST = 'example.org:443';
const BACK = { type: 'reachable', host: null } as const;

function away(
  s: Session,
  download: string,
  {
    attempt = 1,
    code = 'network_down' as 'network_down' | 'host_away',
    everyone = true,
    retryAfterMs = 5_000,
    since = s.clock.now(),
  } = {},
): RunnerEvent {
  const error = { code, message: 'Away.', transient: true, retryAfterMs };
  return {
    type: 'failed',
    download,
    attempt,
    error: { ...error, away: { since, host: HOST, ...(everyone ? { everyone } : {}) } },
    output: '',
  };
}

const starts = (s: Session): string[] =>
  s.commands.flatMap((each) => (each.type === 'start' ? [`${each.download}.${each.attempt}`] : []));

async function addMany(s: Session, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.push(await s.add(String(n)));
  return ids;
}

async function states(s: Session): Promise<string[]> {
  const { body } = await s.call('GET', '/downloads?limit=200');
  return (body as { downloads: { state: string }[] }).downloads.map(({ state }) => state).reverse();
}

testSession('without a network what is of the own network is tried all the same', async (s) => {
  const ids = await addMany(s, 3);
  await s.sentCommand('start', ids[2]);
  await s.news(...ids.map((id) => away(s, id)));
  s.commands.length = 0;
  for (const url of ['https://other.example/f', 'http://192.168.1.9/f', 'http://nas.lan/f'])
    await s.call('POST', '/downloads', { url });
  const started = s.commands.flatMap((each) => (each.type === 'start' ? [each.url] : []));
  assert.equal(started, ['http://192.168.1.9/f', 'http://nas.lan/f']);
});

testSession('without a network the queue is held: nothing in it is tried and fails', async (s) => {
  const ids = await addMany(s, 10);
  await s.sentCommand('start', ids[2]);
  s.commands.length = 0;
  await s.news(...ids.slice(0, 3).map((id) => away(s, id)));
  assert.equal(await states(s), [...Array<string>(3).fill('waiting'), ...Array<string>(7).fill('queued')]);
  assert.equal(starts(s), []);
  const view = await s.show(ids[0]!);
  assert.is(view.error?.code, 'network_down');
  assert.is(Date.parse(view.since ?? ''), s.clock.now());
  assert.is(Date.parse(view.retryAt ?? ''), s.clock.now() + 6_000);
  // What comes meanwhile is held too.
  const late = await s.add('late');
  assert.is((await s.show(late)).state, 'queued');
  assert.equal(starts(s), []);
});

testSession(
  'when the network is back all go on at once, the oldest first, and none has used up a try',
  async (s) => {
    const ids = await addMany(s, 5);
    await s.sentCommand('start', ids[2]);
    for (let round = 1; round <= 20; round++) {
      await s.news(...ids.slice(0, 3).map((id) => away(s, id, { attempt: round })));
      s.commands.length = 0;
      if (round < 20) {
        s.clock.increment(6_000);
        s.clock.increment(500);
        await waitFor(() => starts(s).length === 3, { what: `round ${round}` });
        assert.equal(
          starts(s),
          ids.slice(0, 3).map((id) => `${id}.${round + 1}`),
          'the same ones are the probe',
        );
      }
    }
    await s.news(BACK);
    await waitFor(() => starts(s).length === 3);
    assert.equal(
      starts(s),
      ids.slice(0, 3).map((id) => `${id}.21`),
    );
    for (const id of ids.slice(0, 3)) await s.news(phase(id, 'download', 21), done(id, 21));
    for (const id of ids.slice(3)) assert.is((await s.sentCommand('start', id)).attempt, 1);
  },
);

testSession('readers are sentCommand once for the whole list, and when it is over', async (s) => {
  const [id] = await addMany(s, 1);
  const reader = s.connect();
  reader.say({ type: 'hello' });
  await reader.hear('snapshot');
  await s.sentCommand('start', id);
  const since = s.clock.now();
  await s.news(away(s, id!));
  const { totals } = await reader.hear('update', (update) => update.totals?.network !== undefined);
  assert.is(Date.parse(totals!.network!.since), since);
  assert.is(Date.parse(totals!.network!.retryAt), since + 6_000);
  const late = s.connect();
  late.say({ type: 'hello' });
  assert.ok((await late.hear('snapshot')).totals.network, 'one who comes later too');
  reader.messages.length = 0;
  await s.news(BACK);
  await reader.hear('update', (update) => update.totals !== undefined && update.totals.network === undefined);
});

testSession('a host of which nothing is known is tried while others are away', async (s) => {
  const ids = await addMany(s, 4);
  await s.sentCommand('start', ids[2]);
  await s.news(...ids.slice(0, 3).map((id) => away(s, id, { everyone: false })));
  s.commands.length = 0;
  const other = await s.add('x', { url: 'https://other.test/x' });
  assert.is((await s.sentCommand('start', other)).attempt, 1);
  assert.equal(starts(s), [`${other}.1`]);
});

testSession(
  'the hold outlives a restart, and ends by itself where nobody says that the network is back',
  async (s) => {
    const ids = await addMany(s, 5);
    await s.sentCommand('start', ids[2]);
    await s.news(...ids.slice(0, 3).map((id) => away(s, id)));
    await s.restart();
    await s.wake();
    assert.equal(starts(s), []);
    s.clock.increment(6_500);
    await waitFor(() => (s.clock.increment(1), starts(s).length === 3));
    await s.news(phase(ids[0]!, 'download', 2), sample(ids[0]!, 10, 2));
    const reader = s.connect();
    reader.say({ type: 'hello' });
    assert.is((await reader.hear('snapshot')).totals.network, undefined);
  },
);

testSession('the end of the hold is stored anew only where it is later than before', async (s) => {
  const ids = await addMany(s, 3);
  await s.sentCommand('start', ids[2]);
  const ends = (): string[] =>
    s
      .host()
      .stored('session', 's1')
      .list({ prefix: 'due/' })
      .flatMap(([key]) => (key.includes('/network/') ? [key] : []));
  await s.news(away(s, ids[0]!));
  s.clock.increment(100);
  await s.news(away(s, ids[1]!, { retryAfterMs: 4_900 }));
  assert.is(ends().length, 1);
  await s.news(away(s, ids[2]!));
  assert.is(ends().length, 2);
});

testSession('a clock that is set back makes the hold no longer', async (s) => {
  const ids = await addMany(s, 4);
  await s.sentCommand('start', ids[2]);
  await s.news(...ids.slice(0, 2).map((id) => away(s, id)));
  s.clock.setBackMs = 3_600_000;
  await s.news(away(s, ids[2]!));
  s.commands.length = 0;
  s.clock.increment(6_500);
  await waitFor(() => (s.clock.increment(1), starts(s).length === 3));
});

testSession('one host that is away holds nobody else', async (s) => {
  const ids = await addMany(s, 6);
  await s.sentCommand('start', ids[2]);
  await s.news(away(s, ids[0]!, { code: 'host_away', everyone: false }));
  assert.is((await s.sentCommand('start', ids[3])).attempt, 1);
  s.commands.length = 0;
  await s.news({ type: 'reachable', host: 'another.test:80' });
  assert.is((await s.show(ids[0]!)).state, 'waiting');
  await s.news({ type: 'reachable', host: HOST });
  assert.is((await s.show(ids[0]!)).state, 'queued');
});

testSession('a host is waited for 24 hours, over restarts; then the failure is final', async (s) => {
  const [id] = await addMany(s, 1);
  const hours = 3_600_000;
  await s.sentCommand('start', id);
  const fail = (attempt: number): Promise<void> =>
    s.news(away(s, id!, { attempt, code: 'host_away', everyone: false, retryAfterMs: 6 * hours }));
  let attempt = 1;
  for (; attempt <= 4; attempt++) {
    await fail(attempt);
    assert.is((await s.show(id!)).state, 'waiting', `try ${attempt}`);
    await s.restart();
    s.clock.increment(6 * hours + 1_000);
    await waitFor(() => (s.clock.increment(1), starts(s).includes(`${id}.${attempt + 1}`)));
  }
  await fail(attempt);
  const view = await s.show(id!);
  assert.equal([view.state, view.error?.code], ['error', 'host_away']);
  assert.match(view.error?.message ?? '', /24 hours/);
});

testSession('bytes that came begin the 24 hours anew, as a person who tries again does', async (s) => {
  const [id] = await addMany(s, 1);
  const late = (attempt: number): RunnerEvent =>
    away(s, id!, { attempt, code: 'host_away', everyone: false, since: s.clock.now() });
  await s.news(phase(id!, 'download'), late(1));
  s.clock.increment(25 * 3_600_000);
  await s.sentCommand('start', id);
  await waitFor(() => starts(s).includes(`${id}.2`));
  await s.news(phase(id!, 'download', 2), sample(id!, 100, 2), late(2));
  assert.is((await s.show(id!)).state, 'waiting');
  s.clock.increment(23 * 3_600_000);
  await waitFor(() => starts(s).includes(`${id}.3`));
  s.clock.increment(2 * 3_600_000);
  await s.news(late(3));
  assert.is((await s.show(id!)).state, 'error');
  await s.call('POST', `/downloads/${id}/retry`);
  await s.news(late(4));
  assert.is((await s.show(id!)).state, 'waiting');
});

testSession('another failure than that is counted as before', async (s) => {
  const [id] = await addMany(s, 1);
  await s.news(phase(id!, 'download'), away(s, id!));
  await s.news(BACK);
  for (let attempt = 2; attempt <= 7; attempt++) {
    await s.news(phase(id!, 'download', attempt), failed(id!, true, attempt));
    assert.not('since' in (await s.show(id!)));
    if (attempt < 7) await s.call('POST', `/downloads/${id}/resume`);
  }
  assert.is((await s.show(id!)).state, 'error');
});

testSession(
  'however many wait for a host, they go on in slices when it is back',
  async (s) => {
    const ids = await addMany(s, 150);
    await s.sentCommand('start', ids.at(-1));
    await s.news(
      ...ids.map((id) => away(s, id, { code: 'host_away', everyone: false, retryAfterMs: 300_000 })),
    );
    s.commands.length = 0;
    await s.news({ type: 'reachable', host: HOST });
    await waitFor(() => starts(s).length === ids.length, { what: 'all to be started again' });
    const most = await s.host().get<CountedSession>('session', 's1').call('mostWrites');
    assert.ok(most <= LIMITS.turnWrites, `${most} writes in one turn`);
  },
  { sessionClass: CountedSession, maxActive: 150 },
);

testSession('a portal holds the queue as no network does, and after 24 hours it is a failure', async (s) => {
  const id = await s.add('1');
  const since = s.clock.now();
  const portal = (attempt: number): Promise<void> => {
    const error: RunnerFailure = {
      ...{ code: 'network_login', message: 'A login page answered.', transient: true, retryAfterMs: 30_000 },
      away: { since, host: 'example.org:443', everyone: true },
    };
    return s.news({ type: 'failed', download: id, attempt, error, output: '' });
  };
  await s.sentCommand('start', id);
  await portal(1);
  const { state, error, since: shown } = await s.show(id);
  assert.equal([state, error?.code, Date.parse(shown ?? '')], ['waiting', 'network_login', since]);
  const held = await s.add('2');
  const started = (download: string, attempt: number): boolean =>
    s.commands.some(
      (each) => each.type === 'start' && each.download === download && each.attempt === attempt,
    );
  assert.not(started(held, 1));
  s.clock.increment(24 * 3_600_000);
  await waitFor(() => started(id, 2));
  await portal(2);
  assert.is((await s.show(id)).state, 'error');
});

test.run();
