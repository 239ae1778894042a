import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { HostEvent } from '../../../src/lib/actors/durable/observe.ts';
import { waitFor } from '../../support/wait.ts';
import { rejectionOf } from './codes.ts';
import { openHost, settle } from './host.ts';
import { Sample } from './sample-object.ts';
import { TestWire } from './wire.ts';

test('listeners get every turn, commit, frame, wake, eviction and reset', async () => {
  const opened = await openHost();
  const events: HostEvent[] = [];
  const stop = opened.host.observe((event) => events.push(event));
  const stub = opened.host.get<Sample>('sample', 'a');
  const wire = new TestWire(stub as never);
  wire.send('count');
  await waitFor(() => wire.received.length === 1);
  await stub.call('run', [{ op: 'put', key: 'k', value: 1 }]);
  await rejectionOf(stub.fetch(new Request('http://object/throw')));
  await settle();
  await stub.call('identity');
  await settle();
  opened.clock.increment(10_000);
  const told = events.map((event) =>
    event.type === 'turn' ? `turn ${event.method ?? event.event} ${event.outcome}` : event.type,
  );
  assert.equal(told, [
    'socket-open',
    'frame',
    'wake',
    'frame',
    'turn message done',
    'turn run done',
    'commit',
    'reset',
    'turn fetch reset',
    'commit',
    'wake',
    'turn identity done',
    'evict',
  ]);
  for (const event of events) if ('actor' in event) assert.equal(event.actor, { class: 'sample', id: 'a' });
  stop();
  await stub.call('identity');
  assert.is(events.length, told.length, 'nothing after it stopped');
  await opened.close();
});

test('a listener that throws changes nothing', async () => {
  const opened = await openHost();
  opened.host.observe(() => {
    throw new Error('careless');
  });
  assert.is((await opened.host.get<Sample>('sample', 'a').call('increment')).count, 1);
  assert.equal(opened.errors, []);
  await opened.close();
});

test('an alarm of an unknown class is reported once, and others still fire', async () => {
  const opened = await openHost();
  await opened.host.get<Sample>('sample', 'a').call('setAlarm', 1000);

  await opened.reopen({
    classes: { renamed: { class: Sample, env: { greeting: '', now: () => opened.clock.now() } } },
  });
  await opened.host.get<Sample>('renamed', 'b').call('setAlarm', 1000);
  await settle();
  for (let time = 0; time < 5; time += 1) {
    opened.clock.increment(1000);
    await settle();
  }
  assert.is(opened.errors.length, 1);
  const [tries] = await opened.host.get<Sample>('renamed', 'b').call('run', [{ op: 'get', key: 'tries' }]);
  assert.is(tries, 1);
  await opened.close();
});

test.run();
