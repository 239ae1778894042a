import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BACKOFF_BASE_MS } from '#lib/channel/client/backoff.ts';
import { ANSWER_TIMEOUT_MS, FRESH_MS, IDLE_MS } from '#lib/channel/client/channel.ts';
import { CONNECT_TIMEOUT_MS, STABLE_MS } from '#lib/channel/client/reconnecting-socket.ts';
import { waitFor } from '../../support/wait.ts';
import { ManualClock, snapshot, ScriptedServer } from './server.ts';

const test = suite<{ server: ScriptedServer }>('channel client');
test.before.each(async (context) => {
  context.server = await ScriptedServer.open();
});
test.after.each((context) => context.server.close());

test('a new channel sends hello first, without a position, in its subprotocol', async ({ server }) => {
  const { states } = server.channel();
  const connection = await server.connection(0);
  await waitFor(() => connection.received.length > 0);
  assert.equal(connection.received, [{ type: 'hello' }]);
  assert.is(connection.protocol, 'sluice.v1');
  await waitFor(() => states.at(-1)?.state === 'live');
});

test('after a restart of the server the channel resumes from its last frame', async ({ server }) => {
  const { messages, channel } = server.channel();
  const first = await server.connection(0);
  first.send(snapshot('e1', 4));
  first.send({ type: 'update', seq: 5, changes: [] });
  await waitFor(() => messages.length === 2);
  first.socket.close(1012);
  const second = await server.connection(1);
  await waitFor(() => second.received.length > 0);
  assert.equal(second.received[0], { type: 'hello', epoch: 'e1', seq: 5 });
  second.send({ type: 'update', seq: 6, changes: [] });
  await waitFor(() => messages.length === 3);
  assert.is(channel.state.state, 'live');
});

test('an update after a gap is not applied: the channel reconnects from before the gap', async ({
  server,
}) => {
  const { messages } = server.channel();
  const first = await server.connection(0);
  first.send(snapshot('e1', 1));
  first.send({ type: 'update', seq: 3, changes: [] });
  const second = await server.connection(1);
  await waitFor(() => second.received.length > 0);
  assert.equal(second.received[0], { type: 'hello', epoch: 'e1', seq: 1 });
  assert.is(messages.length, 1);
});

test('a repeated frame is applied once', async ({ server }) => {
  const { messages } = server.channel();
  const first = await server.connection(0);
  first.send(snapshot('e1', 1));
  first.send({ type: 'update', seq: 2, changes: [] });
  first.send({ type: 'update', seq: 2, changes: [] });
  first.send({ type: 'update', seq: 3, changes: [] });
  await waitFor(() => messages.length === 3);
  assert.equal(
    messages.map((message) => message.seq),
    [1, 2, 3],
  );
});

test('invalid messages and unknown types are ignored', async ({ server }) => {
  const { messages, channel } = server.channel();
  const first = await server.connection(0);
  first.socket.send('{');
  first.socket.send('[]');
  first.socket.send(JSON.stringify({ type: 'weather', seq: 1 }));
  first.socket.send(JSON.stringify({ type: 'snapshot', seq: 'x' }));
  first.send(snapshot('e1', 0));
  await waitFor(() => messages.length === 1);
  assert.is(channel.state.state, 'live');
});

test('a session that is gone ends the channel: no more connections, commands fail as unauthorized', async ({
  server,
}) => {
  const { channel, states } = server.channel();
  const first = await server.connection(0);
  const command = channel
    .send('pause', { downloadId: 'abcdefghijkl' })
    .catch((e: { code: string }) => e.code);
  first.socket.close(4001);
  assert.is(await command, 'unauthorized');
  assert.equal(states.at(-1), { state: 'ended', reason: 'session_gone' });
  assert.is(server.connections.length, 1);
});

test('an upgrade refused for its cookie is distinguished from a server that is down', async ({ server }) => {
  server.refuseUpgrades = true;
  let gone = false;
  const { states } = server.channel({ isSessionGone: async () => gone });
  await waitFor(() => states.filter(({ state }) => state === 'waiting').length >= 3);
  gone = true;
  await waitFor(() => states.at(-1)?.state === 'ended');
  assert.equal(states.at(-1), { state: 'ended', reason: 'session_gone' });
});

test('each loss doubles the ceiling of the wait, and a connection that lasted resets it', async ({
  server,
}) => {
  const clock = new ManualClock();
  const { channel } = server.channel({ clock, random: () => 0.5 });
  const waits: number[] = [];
  for (const index of [0, 1, 2]) {
    (await server.connection(index)).socket.close(1012);
    await waitFor(() => channel.state.state === 'waiting');
    waits.push(channel.state.state === 'waiting' ? channel.state.retryAt - clock.now() : -1);
    clock.advance(waits.at(-1)!);
  }
  assert.equal(waits, [BACKOFF_BASE_MS / 2, BACKOFF_BASE_MS, BACKOFF_BASE_MS * 2]);
  const last = await server.connection(3);
  await waitFor(() => channel.state.state === 'live');
  clock.advance(STABLE_MS);
  last.socket.close(1012);
  await waitFor(() => channel.state.state === 'waiting');
  assert.equal(channel.state, { state: 'waiting', retryAt: clock.now() + BACKOFF_BASE_MS / 2 });
});

test('after 1013 (busy) the channel waits longer', async ({ server }) => {
  const clock = new ManualClock();
  const { channel } = server.channel({ clock, random: () => 0.5 });
  (await server.connection(0)).socket.close(1013);
  await waitFor(() => channel.state.state === 'waiting');
  assert.equal(channel.state, { state: 'waiting', retryAt: clock.now() + 2000 });
});

test('a connection that is closed as one too many says so, until the next one', async ({ server }) => {
  const clock = new ManualClock();
  const { channel } = server.channel({ clock, random: () => 0.5 });
  (await server.connection(0)).socket.close(1013, 'too_many_requests');
  await waitFor(() => channel.state.state === 'waiting');
  assert.equal(channel.state, { state: 'waiting', retryAt: clock.now() + 2000, isBusy: true });
  channel.checkConnection();
  (await server.connection(1)).socket.close(1012, 'restart');
  await waitFor(() => channel.state.state === 'waiting');
  assert.is('isBusy' in channel.state, false);
});

test('checkConnection connects at once', async ({ server }) => {
  const clock = new ManualClock();
  const { channel } = server.channel({ clock, random: () => 0.99 });
  (await server.connection(0)).socket.close(1013);
  await waitFor(() => channel.state.state === 'waiting');
  channel.checkConnection();
  await server.connection(1);
  await waitFor(() => channel.state.state === 'live');
});

test('silence during a download triggers a heartbeat, and no answer to it a new connection', async ({
  server,
}) => {
  const clock = new ManualClock();
  const { messages, channel } = server.channel({ clock });
  const first = await server.connection(0);
  first.send(snapshot('e1', 7, 1));
  await waitFor(() => messages.length === 1);
  clock.advance(IDLE_MS);
  await waitFor(() => first.received.length === 2);
  assert.equal(first.received[1], { type: 'hello', epoch: 'e1', seq: 7 });
  clock.advance(ANSWER_TIMEOUT_MS - 1);
  assert.is(channel.state.state, 'live');
  clock.advance(1);
  const second = await server.connection(1);
  await waitFor(() => second.received.length > 0);
  assert.equal(second.received[0], { type: 'hello', epoch: 'e1', seq: 7 });
});

test('an answered heartbeat keeps the connection', async ({ server }) => {
  const clock = new ManualClock();
  const { messages, channel } = server.channel({ clock });
  server.onMessage = (connection, message) => {
    if (message['seq'] === 7) connection.send({ type: 'update', seq: 7, changes: [] });
  };
  const first = await server.connection(0);
  first.send(snapshot('e1', 7, 1));
  await waitFor(() => messages.length === 1);
  for (const round of [1, 2, 3]) {
    clock.advance(IDLE_MS);
    await waitFor(() => first.received.length === 1 + round);
    // The command's ack follows the heartbeat's answer, so that has arrived when the ack has.
    const done = channel.send('pause', { downloadId: 'abcdefghijkl' });
    const sent = await waitFor(() => first.received.find(({ type, seen }) => type === 'command' && !seen));
    sent['seen'] = true;
    first.received.splice(first.received.indexOf(sent), 1);
    first.send({ type: 'ack', id: sent['id'] as string, result: null });
    await done;
  }
  assert.is(server.connections.length, 1);
});

test('an idle session gets no heartbeat', async ({ server }) => {
  const clock = new ManualClock();
  const { messages, channel } = server.channel({ clock });
  const first = await server.connection(0);
  first.send(snapshot('e1', 7));
  await waitFor(() => messages.length === 1);
  clock.advance(IDLE_MS * 100);
  assert.is(channel.state.state, 'live');
  first.send({ type: 'update', seq: 8, changes: [] });
  await waitFor(() => messages.length === 2);
  assert.is(first.received.length, 1);
});

test('checkConnection checks an open connection that has been silent', async ({ server }) => {
  const clock = new ManualClock();
  const { messages, channel } = server.channel({ clock });
  const first = await server.connection(0);
  first.send(snapshot('e1', 0));
  await waitFor(() => messages.length === 1);
  channel.checkConnection();
  clock.advance(FRESH_MS);
  channel.checkConnection();
  await waitFor(() => first.received.length === 2);
  assert.equal(first.received[1], { type: 'hello', epoch: 'e1', seq: 0 });
});

test('an attempt that hangs is abandoned', async ({ server }) => {
  const clock = new ManualClock();
  const sockets: string[] = [];
  class Hanging extends EventTarget {
    constructor(url: string) {
      super();
      sockets.push(url);
    }
    close() {}
  }
  const { channel } = server.channel({ clock, WebSocket: Hanging as unknown as typeof WebSocket });
  assert.is(channel.state.state, 'connecting');
  clock.advance(CONNECT_TIMEOUT_MS);
  assert.is(sockets.length, 2);
});

test.run();
