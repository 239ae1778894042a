/** A session that counts the writes of each turn. Web standards only, as it also runs on workerd. */
import type { DurableContext, DurableKv } from '../../../src/lib/actors/durable/types.ts';
import type { SessionEnv } from '../../../src/lib/actors/session/env.ts';
import { SessionActor } from '../../../src/lib/actors/session/session-actor.ts';

class Count {
  turn = 0;
  most = 0;
}

export class CountedSession extends SessionActor {
  readonly #count: Count;

  constructor(ctx: DurableContext, env: SessionEnv) {
    const count = new Count();
    super(counted(ctx, count), env);
    this.#count = count;
  }

  mostWrites(): number {
    return this.#count.most;
  }
}

function counted(ctx: DurableContext, count: Count): DurableContext {
  const { kv } = ctx.storage;
  const note = (): void => {
    count.turn += 1;
    count.most = Math.max(count.most, count.turn);
  };
  const countedKv: DurableKv = {
    get: (key) => kv.get(key),
    list: (options) => kv.list(options),
    put(key, value) {
      note();
      kv.put(key, value);
    },
    delete(key) {
      note();
      return kv.delete(key);
    },
  };
  return {
    id: ctx.id,
    storage: {
      kv: countedKv,
      transactionSync(closure) {
        count.turn = 0;
        return ctx.storage.transactionSync(closure);
      },
      getAlarm: () => ctx.storage.getAlarm(),
      setAlarm: (at) => ctx.storage.setAlarm(at),
      sync: () => ctx.storage.sync(),
    },
    getWebSockets: () => ctx.getWebSockets(),
    waitUntil: (promise) => ctx.waitUntil(promise),
    abort: (reason) => ctx.abort(reason),
  };
}
