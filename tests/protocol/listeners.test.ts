import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Listeners } from '#lib/protocol/listeners.ts';

function start() {
  const listeners = new Listeners<string>();
  const heard: string[] = [];
  const add = (name: string) => listeners.add((event) => void heard.push(`${name} ${event}`));
  return { listeners, heard, add };
}

test('each listener gets each event until it is removed; `isWatched` holds as long as one is left', () => {
  const { listeners, heard, add } = start();
  assert.not(listeners.isWatched);
  listeners.emit('nobody');
  const stopA = add('a');
  assert.ok(listeners.isWatched);
  const stopB = add('b');
  listeners.emit('one');
  stopA();
  assert.ok(listeners.isWatched);
  listeners.emit('two');
  stopA();
  stopB();
  assert.not(listeners.isWatched);
  listeners.emit('three');
  assert.equal(heard, ['a one', 'b one', 'b two']);
});

test('a listener that throws is removed; the others stay', () => {
  const { listeners, heard, add } = start();
  add('a');
  let told = 0;
  listeners.add(() => {
    told++;
    throw new Error('no');
  });
  add('b');
  for (const event of ['one', 'two']) listeners.emit(event);
  assert.is(told, 1);
  assert.equal(heard, ['a one', 'b one', 'a two', 'b two']);
});

test('a listener added or removed during an event takes effect at the next one', () => {
  const { listeners, heard, add } = start();
  const stop = listeners.add(() => {
    stop();
    add('late');
  });
  add('b');
  for (const event of ['one', 'two']) listeners.emit(event);
  assert.equal(heard, ['b one', 'b two', 'late two']);
});

test.run();
