import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BACKOFF_BASE_MS } from '#lib/channel/client/backoff.ts';
import { ANSWER_TIMEOUT_MS, FRESH_MS, IDLE_MS } from '#lib/channel/client/channel.ts';
import { CONNECT_TIMEOUT_MS, STABLE_MS } from '#lib/channel/client/reconnecting-socket.ts';
import { waitFor } from '../../support/wait.ts';
import { HandClock, snapshot, Stage } from './server.ts';

const test = suite<{ stage: Stage }>('channel client');
test.before.each(async (context) => {
  context.stage = await Stage.open();
});
test.after.each((context) => context.stage.close());

test('says hello first, in the subprotocol, knowing nothing', async ({ stage }) => {
  const { states } = stage.channel();
  const connection = await stage.connection(0);
  await waitFor(() => connection.heard.length > 0);
  assert.equal(connection.heard, [{ type: 'hello' }]);
  assert.is(connection.protocol, 'sluice.v1');
  await waitFor(() => states.at(-1)?.state === 'live');
});

test('after a restart of the server it goes on from the last frame it had', async ({ stage }) => {
  const { messages, channel } = stage.channel();
  const first = await stage.connection(0);
  first.say(snapshot('e1', 4));
  first.say({ type: 'update', seq: 5, changes: [] });
  await waitFor(() => messages.length === 2);
  first.socket.close(1012);
  const second = await stage.connection(1);
  await waitFor(() => second.heard.length > 0);
  assert.equal(second.heard[0], { type: 'hello', epoch: 'e1', seq: 5 });
  second.say({ type: 'update', seq: 6, changes: [] });
  await waitFor(() => messages.length === 3);
  assert.is(channel.state.state, 'live');
});

test('a gap between updates is never applied: it connects again from before the gap', async ({ stage }) => {
  const { messages } = stage.channel();
  const first = await stage.connection(0);
  first.say(snapshot('e1', 1));
  first.say({ type: 'update', seq: 3, changes: [] });
  const second = await stage.connection(1);
  await waitFor(() => second.heard.length > 0);
  assert.equal(second.heard[0], { type: 'hello', epoch: 'e1', seq: 1 });
  assert.is(messages.length, 1);
});

test('a frame that comes twice is applied once', async ({ stage }) => {
  const { messages } = stage.channel();
  const first = await stage.connection(0);
  first.say(snapshot('e1', 1));
  first.say({ type: 'update', seq: 2, changes: [] });
  first.say({ type: 'update', seq: 2, changes: [] });
  first.say({ type: 'update', seq: 3, changes: [] });
  await waitFor(() => messages.length === 3);
  assert.equal(
    messages.map((message) => message.seq),
    [1, 2, 3],
  );
});

test('junk from the server and types of a newer one are passed over', async ({ stage }) => {
  const { messages, channel } = stage.channel();
  const first = await stage.connection(0);
  first.socket.send('{');
  first.socket.send('[]');
  first.socket.send(JSON.stringify({ type: 'weather', seq: 1 }));
  first.socket.send(JSON.stringify({ type: 'snapshot', seq: 'x' }));
  first.say(snapshot('e1', 0));
  await waitFor(() => messages.length === 1);
  assert.is(channel.state.state, 'live');
});

test('a session that is gone ends it: no further connection, commands fail as unauthorized', async ({
  stage,
}) => {
  const { channel, states } = stage.channel();
  const first = await stage.connection(0);
  const command = channel
    .send('pause', { downloadId: 'abcdefghijkl' })
    .catch((e: { code: string }) => e.code);
  first.socket.close(4001);
  assert.is(await command, 'unauthorized');
  assert.equal(states.at(-1), { state: 'ended', reason: 'session_gone' });
  assert.is(stage.connections.length, 1);
});

test('an upgrade refused for its cookie is told apart from a server that is away', async ({ stage }) => {
  stage.refuseUpgrades = true;
  let gone = false;
  const { states } = stage.channel({ isSessionGone: async () => gone });
  await waitFor(() => states.filter(({ state }) => state === 'waiting').length >= 3);
  gone = true;
  await waitFor(() => states.at(-1)?.state === 'ended');
  assert.equal(states.at(-1), { state: 'ended', reason: 'session_gone' });
});

test('each loss doubles the ceiling of the wait, and a connection that lasted starts afresh', async ({
  stage,
}) => {
  const clock = new HandClock();
  const { channel } = stage.channel({ clock, random: () => 0.5 });
  const waits: number[] = [];
  for (const index of [0, 1, 2]) {
    (await stage.connection(index)).socket.close(1012);
    await waitFor(() => channel.state.state === 'waiting');
    waits.push(channel.state.state === 'waiting' ? channel.state.retryAt - clock.now() : -1);
    clock.advance(waits.at(-1)!);
  }
  assert.equal(waits, [BACKOFF_BASE_MS / 2, BACKOFF_BASE_MS, BACKOFF_BASE_MS * 2]);
  const last = await stage.connection(3);
  await waitFor(() => channel.state.state === 'live');
  clock.advance(STABLE_MS);
  last.socket.close(1012);
  await waitFor(() => channel.state.state === 'waiting');
  assert.equal(channel.state, { state: 'waiting', retryAt: clock.now() + BACKOFF_BASE_MS / 2 });
});

test('a busy server is left alone for longer', async ({ stage }) => {
  const clock = new HandClock();
  const { channel } = stage.channel({ clock, random: () => 0.5 });
  (await stage.connection(0)).socket.close(1013);
  await waitFor(() => channel.state.state === 'waiting');
  assert.equal(channel.state, { state: 'waiting', retryAt: clock.now() + 2000 });
});

test('waking the page ends the wait at once', async ({ stage }) => {
  const clock = new HandClock();
  const { channel } = stage.channel({ clock, random: () => 0.99 });
  (await stage.connection(0)).socket.close(1013);
  await waitFor(() => channel.state.state === 'waiting');
  channel.wake();
  await stage.connection(1);
  await waitFor(() => channel.state.state === 'live');
});

test('silence while something is downloading is questioned, and no answer means a new connection', async ({
  stage,
}) => {
  const clock = new HandClock();
  const { messages, channel } = stage.channel({ clock });
  const first = await stage.connection(0);
  first.say(snapshot('e1', 7, 1));
  await waitFor(() => messages.length === 1);
  clock.advance(IDLE_MS);
  await waitFor(() => first.heard.length === 2);
  assert.equal(first.heard[1], { type: 'hello', epoch: 'e1', seq: 7 });
  clock.advance(ANSWER_TIMEOUT_MS - 1);
  assert.is(channel.state.state, 'live');
  clock.advance(1);
  const second = await stage.connection(1);
  await waitFor(() => second.heard.length > 0);
  assert.equal(second.heard[0], { type: 'hello', epoch: 'e1', seq: 7 });
});

test('an answered question keeps the connection', async ({ stage }) => {
  const clock = new HandClock();
  const { messages, channel } = stage.channel({ clock });
  stage.onHeard = (connection, message) => {
    if (message['seq'] === 7) connection.say({ type: 'update', seq: 7, changes: [] });
  };
  const first = await stage.connection(0);
  first.say(snapshot('e1', 7, 1));
  await waitFor(() => messages.length === 1);
  for (const round of [1, 2, 3]) {
    clock.advance(IDLE_MS);
    await waitFor(() => first.heard.length === 1 + round);
    // The command's ack comes behind the answer, so the answer has been heard when it is here.
    const done = channel.send('pause', { downloadId: 'abcdefghijkl' });
    const sent = await waitFor(() => first.heard.find(({ type, seen }) => type === 'command' && !seen));
    sent['seen'] = true;
    first.heard.splice(first.heard.indexOf(sent), 1);
    first.say({ type: 'ack', id: sent['id'] as string, result: null });
    await done;
  }
  assert.is(stage.connections.length, 1);
});

test('nothing is asked of a session in which nothing moves', async ({ stage }) => {
  const clock = new HandClock();
  const { messages, channel } = stage.channel({ clock });
  const first = await stage.connection(0);
  first.say(snapshot('e1', 7));
  await waitFor(() => messages.length === 1);
  clock.advance(IDLE_MS * 100);
  assert.is(channel.state.state, 'live');
  first.say({ type: 'update', seq: 8, changes: [] });
  await waitFor(() => messages.length === 2);
  assert.is(first.heard.length, 1);
});

test('waking a quiet page checks the connection that a sleep may have killed', async ({ stage }) => {
  const clock = new HandClock();
  const { messages, channel } = stage.channel({ clock });
  const first = await stage.connection(0);
  first.say(snapshot('e1', 0));
  await waitFor(() => messages.length === 1);
  channel.wake();
  clock.advance(FRESH_MS);
  channel.wake();
  await waitFor(() => first.heard.length === 2);
  assert.equal(first.heard[1], { type: 'hello', epoch: 'e1', seq: 0 });
});

test('an attempt that hangs is given up', async ({ stage }) => {
  const clock = new HandClock();
  const sockets: string[] = [];
  class Hanging extends EventTarget {
    constructor(url: string) {
      super();
      sockets.push(url);
    }
    close() {}
  }
  const { channel } = stage.channel({ clock, WebSocket: Hanging as unknown as typeof WebSocket });
  assert.is(channel.state.state, 'connecting');
  clock.advance(CONNECT_TIMEOUT_MS);
  assert.is(sockets.length, 2);
});

test.run();
