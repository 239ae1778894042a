import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SimulatedClock } from 'xstate';
import { AlarmDispatcher, type AlarmScheduler } from '#lib/actors/durable/alarm-dispatcher.ts';
import type { DueAlarm } from '#lib/actors/durable/store.ts';

test('a store whose alarms cannot be read throws at nobody, and its alarms are delivered once they can', () => {
  const clock = new SimulatedClock();
  const delivered: string[] = [];
  let isBroken = true;
  const alarm: DueAlarm = { class: 'sample', id: 'one', at: 0, retries: 0 };
  const scheduler: Partial<AlarmScheduler> = {
    clock: clock as unknown as AlarmScheduler['clock'],
    store: {
      alarms: () => {
        if (isBroken) throw new Error('database disk image is malformed');
        return [alarm];
      },
    } as unknown as AlarmScheduler['store'],
    has: () => true,
    actor: ({ id }) => ({ deliver: () => void delivered.push(id) }) as never,
  };
  const dispatcher = new AlarmDispatcher(scheduler as AlarmScheduler, () => 0);
  dispatcher.start();
  dispatcher.refresh();
  clock.increment(10_000);
  assert.equal(delivered, []);
  isBroken = false;
  clock.increment(10_000);
  assert.equal(delivered, ['one']);
  dispatcher.stop();
});

test.run();
