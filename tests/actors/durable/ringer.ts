/**
 * A child process that sets alarms and handles them, for tests that kill it near their time. Prints a line
 * of JSON for each alarm that is set, for each whose effect is committed, and when none is left.
 * argv: database file, first number, how many to set, from and to how many ms ahead.
 */
import { writeSync } from 'node:fs';
import { createEmbeddedHost, define } from '../../../src/lib/actors/durable/host.server.ts';
import type { DurableContext } from '../../../src/lib/actors/durable/types.ts';

export type RingerLine = { set: number; at: number } | { rang: number } | { left: 0 };

class Ringer {
  readonly #ctx: DurableContext;

  constructor(ctx: DurableContext) {
    this.#ctx = ctx;
  }

  arm(at: number): void {
    this.#ctx.storage.kv.put('at', at);
    void this.#ctx.storage.setAlarm(at);
  }

  /** The effect is a counter, so that a repeated one is noticed. */
  alarm(): void {
    const { storage } = this.#ctx;
    const { kv } = storage;
    kv.put('early', Date.now() < (kv.get<number>('at') ?? Infinity));
    kv.put('effects', (kv.get<number>('effects') ?? 0) + 1);
    const number = Number(this.#ctx.id.name);
    this.#ctx.waitUntil(
      storage.sync().then(() => {
        say({ rang: number });
      }),
    );
  }
}

function say(line: RingerLine): void {
  // Synchronous and unbuffered: written before anything else happens.
  writeSync(1, `${JSON.stringify(line)}\n`);
}

const [file = '', first = '0', count = '0', from = '50', to = '500'] = process.argv.slice(2);
const host = createEmbeddedHost({
  storage: file,
  classes: { ringer: define(Ringer, null) },
  onError: (error) => {
    throw error;
  },
});
const numbers = Array.from({ length: Number(count) }, (_, index) => Number(first) + index);
await Promise.all(
  numbers.map(async (number) => {
    const at = Date.now() + Number(from) + Math.floor(Math.random() * (Number(to) - Number(from)));
    await host.get<Ringer>('ringer', String(number)).call('arm', at);
    say({ set: number, at });
  }),
);
const timer = setInterval(() => {
  if (host.alarmed('ringer').length > 0) return;
  clearInterval(timer);
  say({ left: 0 });
  void host.close();
}, 5);
