/** What a reader gets for its `hello`, and that an idle session does nothing. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { done, phase, sample, testSession } from './harness.ts';

testSession('a reader that reconnects and missed nothing gets only later updates', async (s) => {
  const stays = s.connect();
  stays.say({ type: 'hello' });
  const { epoch, seq } = await stays.hear('snapshot');
  const back = s.connect();
  back.say({ type: 'hello', epoch, seq });
  await s.add('a');
  const next = await back.hear('update', (update) => update.seq === seq + 1);
  assert.equal(back.messages, [next]);
});

testSession('said again from an older place, hello is answered by the frames since then', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello' });
  const { epoch, seq } = await reader.hear('snapshot');
  const id = await s.add('a');
  await s.news(phase(id, 'download'));
  await reader.hear('update', (update) => update.seq === seq + 2);
  const frames = reader.messages.splice(0).slice(1);
  reader.say({ type: 'hello', epoch, seq });
  // After the answer.
  reader.say({ type: 'command', id: 'c', name: 'pause', downloadId: 'nothing-here' });
  await reader.answer('c');
  assert.equal(reader.messages.slice(0, -1), frames);
});

testSession('a session in which nothing moves sets no timer, with a reader or without', async (s) => {
  const reader = s.connect();
  reader.say({ type: 'hello' });
  const { seq } = await reader.hear('snapshot');
  let timers = 0;
  const setTimeout = s.clock.setTimeout.bind(s.clock);
  s.clock.setTimeout = (fn, delayMs) => {
    // Longer timers are for eviction and leases.
    if (delayMs <= 1000) timers++;
    return setTimeout(fn, delayMs);
  };
  const id = await s.add('a');
  await s.news(phase(id, 'download'), sample(id, 1));
  assert.ok(timers > 0, 'a sample opens the window');
  for (let window = 0; window < 5; window++) s.clock.increment(200);
  // In a turn after those of the throttle windows.
  await s.show(id);
  const open = timers;
  for (let window = 0; window < 5; window++) s.clock.increment(200);
  await s.show(id);
  assert.is(timers, open, 'a window without a sample is the last');
  await s.news(sample(id, 2));
  assert.ok(timers > open, 'and the next one opens it again');
  await s.news(done(id));
  await reader.hear('update', ({ changes }) =>
    changes.some((change) => 'state' in change && change.state === 'complete'),
  );
  assert.ok(reader.messages.every((message) => message.type !== 'update' || message.seq > seq));
});

test.run();
