/** When a client sends a heartbeat to a silent server, and which of the server's messages it ignores. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { IDLE_MS, PENDING_ANSWER_TIMEOUT_MS } from '#lib/channel/client/channel.ts';
import { waitFor } from '../../support/wait.ts';
import { ManualClock, snapshot, ScriptedServer } from './server.ts';

const test = suite<{ server: ScriptedServer }>('channel silence');
test.before.each(async (context) => {
  context.server = await ScriptedServer.open();
});
test.after.each((context) => context.server.close());

const ID = 'abcdefghijkl';

for (const active of [0, 1]) {
  test(`silence while a command is pending triggers an early heartbeat, with ${active} active downloads`, async ({
    server,
  }) => {
    const clock = new ManualClock();
    const { messages, channel } = server.channel({ clock });
    const first = await server.connection(0);
    first.send(snapshot('e1', 7, active));
    await waitFor(() => messages.length === 1);
    const paused = channel.send('pause', { downloadId: ID });
    await waitFor(() => first.received.length === 2);
    clock.advance(IDLE_MS - 1);
    // Would come after the heartbeat, if there were one.
    channel.send('resume', { downloadId: ID }).catch(() => {});
    await waitFor(() => first.received.length === 3);
    assert.is(first.received[2]!['name'], 'resume');
    // A second command does not postpone the heartbeat.
    clock.advance(1);
    await waitFor(() => first.received.length === 4);
    assert.equal(first.received[3], { type: 'hello', epoch: 'e1', seq: 7 });
    // Its answer may be long: no frame shows before it is whole.
    clock.advance(PENDING_ANSWER_TIMEOUT_MS - 1);
    assert.is(channel.state.state, 'live');
    clock.advance(1);
    const second = await server.connection(1);
    await waitFor(() => second.received.length === 3);
    assert.equal(second.received.slice(1), first.received.slice(1, 3), 'the commands are sent again');
    second.send({ type: 'ack', id: second.received[1]!['id'] as string, result: null });
    await paused;
  });
}

test('after its command is answered, an idle session gets no heartbeat', async ({ server }) => {
  const clock = new ManualClock();
  const { messages, channel } = server.channel({ clock });
  const first = await server.connection(0);
  first.send(snapshot('e1', 7));
  await waitFor(() => messages.length === 1);
  const paused = channel.send('pause', { downloadId: ID });
  await waitFor(() => first.received.length === 2);
  first.send({ type: 'ack', id: first.received[1]!['id'] as string, result: null });
  await paused;
  clock.advance(IDLE_MS * 100);
  first.send({ type: 'update', seq: 8, changes: [] });
  await waitFor(() => messages.length === 2);
  assert.is(first.received.length, 2);
  assert.is(server.connections.length, 1);
});

test('a message without the fields that the channel reads is ignored', async ({ server }) => {
  const { messages, channel } = server.channel();
  const first = await server.connection(0);
  const whole = snapshot('e1', 0);
  const totals = whole.totals;
  const paused = channel.send('pause', { downloadId: ID });
  await waitFor(() => first.received.length === 2);
  const id = first.received[1]!['id'];
  for (const message of [
    { ...whole, epoch: 1 },
    { ...whole, seq: 'x' },
    { ...whole, seq: 1.5 },
    { ...whole, downloads: {} },
    { ...whole, totals: null },
    { ...whole, totals: 3 },
    { type: 'update', changes: [], totals },
    { type: 'update', seq: 1, changes: null },
    { type: 'ack', id: [id], result: null },
    { type: 'reject', id, error: null },
    { type: 'reject', id, error: 'no' },
    { type: 'reject', error: { code: 'not_found', message: 'x' } },
    { type: 'items', id, items: null },
    null,
  ]) {
    first.socket.send(JSON.stringify(message));
  }
  first.send(whole);
  await waitFor(() => messages.length === 1);
  first.send({ type: 'ack', id: id as string, result: null });
  assert.is(await paused, null);
  assert.is(channel.state.state, 'live');
  assert.is(server.connections.length, 1);
});

test.run();
