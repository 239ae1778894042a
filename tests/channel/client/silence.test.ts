/** When a client asks a server that says nothing, and which of its messages it takes. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ANSWER_TIMEOUT_MS, IDLE_MS, IDLE_PENDING_MS } from '#lib/channel/client/channel.ts';
import { waitFor } from '../../support/wait.ts';
import { HandClock, snapshot, Stage } from './server.ts';

const test = suite<{ stage: Stage }>('channel silence');
test.before.each(async (context) => {
  context.stage = await Stage.open();
});
test.after.each((context) => context.stage.close());

const ID = 'abcdefghijkl';

for (const active of [0, 1]) {
  test(`silence while a command waits is questioned soon, with ${active} downloads under way`, async ({
    stage,
  }) => {
    const clock = new HandClock();
    const { messages, channel } = stage.channel({ clock });
    const first = await stage.connection(0);
    first.say(snapshot('e1', 7, active));
    await waitFor(() => messages.length === 1);
    const paused = channel.send('pause', { downloadId: ID });
    await waitFor(() => first.heard.length === 2);
    clock.advance(IDLE_PENDING_MS - 1);
    // Behind the question, if there were one.
    channel.send('resume', { downloadId: ID }).catch(() => {});
    await waitFor(() => first.heard.length === 3);
    assert.is(first.heard[2]!['name'], 'resume');
    // A second command puts the question off no further.
    clock.advance(1);
    await waitFor(() => first.heard.length === 4);
    assert.equal(first.heard[3], { type: 'hello', epoch: 'e1', seq: 7 });
    clock.advance(ANSWER_TIMEOUT_MS);
    const second = await stage.connection(1);
    await waitFor(() => second.heard.length === 3);
    assert.equal(second.heard.slice(1), first.heard.slice(1, 3), 'the commands are sent again');
    second.say({ type: 'ack', id: second.heard[1]!['id'] as string, result: null });
    await paused;
  });
}

test('a command that is answered leaves nothing to ask about where nothing moves', async ({ stage }) => {
  const clock = new HandClock();
  const { messages, channel } = stage.channel({ clock });
  const first = await stage.connection(0);
  first.say(snapshot('e1', 7));
  await waitFor(() => messages.length === 1);
  const paused = channel.send('pause', { downloadId: ID });
  await waitFor(() => first.heard.length === 2);
  first.say({ type: 'ack', id: first.heard[1]!['id'] as string, result: null });
  await paused;
  clock.advance(IDLE_MS * 100);
  first.say({ type: 'update', seq: 8, changes: [] });
  await waitFor(() => messages.length === 2);
  assert.is(first.heard.length, 2);
  assert.is(stage.connections.length, 1);
});

test('a message without the fields that decide what happens next changes nothing', async ({ stage }) => {
  const { messages, channel } = stage.channel();
  const first = await stage.connection(0);
  const whole = snapshot('e1', 0);
  const totals = whole.totals;
  const paused = channel.send('pause', { downloadId: ID });
  await waitFor(() => first.heard.length === 2);
  const id = first.heard[1]!['id'];
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
  first.say(whole);
  await waitFor(() => messages.length === 1);
  first.say({ type: 'ack', id: id as string, result: null });
  assert.is(await paused, null);
  assert.is(channel.state.state, 'live');
  assert.is(stage.connections.length, 1);
});

test.run();
