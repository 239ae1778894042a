/** A clock that is set back while commits fail: every object is asked about its alarm until its answer is committed. */
import fs from 'node:fs/promises';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SimulatedClock } from 'xstate';
import { AlarmDispatcher, type AlarmScheduler } from '#lib/actors/durable/alarm-dispatcher.ts';
import { createEmbeddedHost, define } from '#lib/actors/durable/host.server.ts';
import type { ActorHandle } from '#lib/actors/durable/ports.ts';
import type { DueAlarm } from '#lib/actors/durable/store.ts';
import type { AlarmInfo, DurableContext } from '#lib/actors/durable/types.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { openFaultyStore } from './faulty-store.ts';
import { freshDir, settle } from './host.ts';

const HOUR_MS = 3_600_000;

/** Stores what it was asked. */
class Moving {
  readonly #ctx: DurableContext;

  constructor(ctx: DurableContext) {
    this.#ctx = ctx;
  }

  setAlarm(at: number): void {
    void this.#ctx.storage.setAlarm(at);
  }

  read(): unknown {
    return this.#ctx.storage.kv.get('asked') ?? null;
  }

  alarm({ expectedNow }: AlarmInfo): void {
    this.#ctx.storage.kv.put('asked', expectedNow ?? null);
  }
}

async function open(objects: number) {
  const dir = await freshDir();
  const store = openFaultyStore(path.join(dir, 'state.db'));
  const timers = new SimulatedClock();
  const clock = {
    setBackMs: 0,
    now: () => 100 * HOUR_MS + timers.now() - clock.setBackMs,
    setTimeout: (callback: () => void, ms: number) => timers.setTimeout(callback, ms),
    clearTimeout: (id: unknown) => timers.clearTimeout(id as number),
  };
  const host = createEmbeddedHost({
    storage: store,
    classes: { moving: define(Moving, null) },
    clock,
    onError: () => undefined,
  });
  const stubs = Array.from({ length: objects }, (_, n) => host.get<Moving>('moving', String(n)));
  const setAlarms = (delayMs: number) =>
    Promise.all(stubs.map((stub) => stub.call('setAlarm', clock.now() + delayMs)));
  await setAlarms(30_000);
  return {
    store,
    clock,
    setAlarms,
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= 500) {
        timers.increment(Math.min(500, left));
        await settle();
      }
    },
    asked: () => Promise.all(stubs.map((stub) => stub.call('read'))),
    async close() {
      store.fault = null;
      await host.close();
      await fs.rm(dir, { recursive: true });
    },
  };
}

for (const objects of [1, 150]) {
  test(`the commit of what ${objects} did about it fails: they are asked again, with the same difference`, async () => {
    const opened = await open(objects);
    opened.clock.setBackMs = HOUR_MS;
    opened.store.fault = new SluiceError('disk_error');
    await opened.pass(35_000);
    assert.ok(opened.store.log.filter((line) => line === 'commit failed').length > 1);
    opened.store.fault = null;
    await opened.pass(2_500);
    const asked = await opened.asked();
    assert.is(asked.length, objects);
    for (const expectedNow of asked) {
      const late = (expectedNow as number) - (100 * HOUR_MS + 30_000);
      assert.ok(late >= 0 && late <= 8_000, `${late} ms after it was due`);
    }
    await opened.close();
  });
}

test('once that is committed, a commit that fails later asks nobody before its time', async () => {
  const opened = await open(1);
  opened.clock.setBackMs = HOUR_MS;
  await opened.pass(35_000);
  const [expectedNow] = await opened.asked();
  assert.type(expectedNow, 'number');
  await opened.setAlarms(60_000);
  opened.store.fault = new SluiceError('disk_error');
  const refused = await opened.setAlarms(90_000).then(
    () => false,
    () => true,
  );
  assert.ok(refused);
  opened.store.fault = null;
  await opened.pass(10_000);
  assert.equal(await opened.asked(), [expectedNow]);
  await opened.close();
});

test('a commit before an object has handled its alarm does not count for it', () => {
  const timers = new SimulatedClock();
  let setBackMs = 0;
  const delivered: (number | undefined)[] = [];
  const alarm: DueAlarm = { class: 'moving', id: 'one', at: 200 * HOUR_MS, retries: 0 };
  const actor = {
    name: { class: alarm.class, id: alarm.id },
    deliver: ({ expectedNow }: { expectedNow?: number }) => delivered.push(expectedNow),
  } as unknown as ActorHandle;
  const scheduler: Partial<AlarmScheduler> = {
    clock: {
      now: () => 100 * HOUR_MS + timers.now() - setBackMs,
      setTimeout: (callback, ms) => timers.setTimeout(callback, ms),
      clearTimeout: (id) => timers.clearTimeout(id as number),
    },
    store: { alarms: () => [alarm] } as unknown as AlarmScheduler['store'],
    has: () => true,
    actor: () => actor as never,
  };
  const dispatcher = new AlarmDispatcher(scheduler as AlarmScheduler, () => 0);
  dispatcher.start();
  setBackMs = HOUR_MS;
  dispatcher.refresh();
  assert.is(delivered.length, 1);
  dispatcher.committed();
  dispatcher.failed(actor, { at: alarm.at, retries: 0 }, false);
  dispatcher.refresh();
  timers.increment(60_000);
  assert.is(delivered.length, 2, 'asked again');
  assert.ok(delivered.every((expectedNow) => (expectedNow ?? 0) >= 100 * HOUR_MS));
  dispatcher.stop();
});

test.run();
