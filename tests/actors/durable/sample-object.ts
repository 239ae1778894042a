/** An object that uses every part of the model, for the contract. Web-standard only: it has to run on workerd too. */
import type {
  AlarmInfo,
  DurableContext,
  DurableObject,
  DurableReadWrite,
  DurableSocket,
  ListOptions,
} from '../../../src/lib/actors/durable/types.ts';

/** One storage call as data, so that tests can send any number of them as one turn. */
export type Op =
  | { op: 'get'; key: string }
  | { op: 'getMany'; keys: string[] }
  | { op: 'put'; key: string; value: unknown }
  | { op: 'putMany'; entries: Record<string, unknown> }
  | { op: 'delete'; key: string }
  | { op: 'deleteMany'; keys: string[] }
  | { op: 'list'; options: ListOptions }
  | { op: 'deleteAll' }
  | { op: 'transaction'; ops: Op[]; end: 'commit' | 'throw' | 'rollback' };

export interface SampleEnv {
  greeting: string;
  /** The host's clock, epoch ms. */
  now(): number;
}

export class Sample implements DurableObject {
  readonly #ctx: DurableContext;
  readonly #env: SampleEnv;
  readonly #deferred = new Map<string, (text: string) => void>();
  /** Differs from one life to the next. */
  readonly #life = Math.random().toString(36).slice(2);
  #turns = 0;
  #overlaps = 0;
  #heard = 0;
  #bootValue: unknown = 'not read';

  constructor(ctx: DurableContext, env: SampleEnv) {
    this.#ctx = ctx;
    this.#env = env;
    void ctx.blockConcurrencyWhile(async () => {
      this.#bootValue = (await ctx.storage.get('boot')) ?? null;
    });
  }

  async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    switch (url.pathname) {
      case '/echo':
        return Response.json({
          method: request.method,
          body: await request.text(),
          greeting: this.#env.greeting,
        });
      case '/defer':
        return new Response(
          await new Promise<string>((resolve) => this.#deferred.set(url.search.slice(1), resolve)),
        );
      case '/throw':
        await this.#ctx.storage.put('thrown', true);
        throw new Error('as asked');
      default:
        return new Response('no such path', { status: 404 });
    }
  }

  async webSocketMessage(socket: DurableSocket, message: string | ArrayBuffer): Promise<void> {
    const text = typeof message === 'string' ? message : new TextDecoder().decode(message);
    const [verb = '', ...rest] = text.split(' ');
    switch (verb) {
      case 'count': {
        const { count } = (socket.deserializeAttachment() ?? { count: 0 }) as { count: number };
        socket.serializeAttachment({ count: count + 1 });
        socket.send(`count ${count + 1}`);
        return;
      }
      case 'life':
        socket.send(`life ${this.#life}`);
        return;
      case 'all':
        for (const other of this.#ctx.getWebSockets()) other.send(rest.join(' '));
        return;
      case 'write':
        await this.#ctx.storage.put('written', rest.join(' '));
        socket.send(`written ${rest.join(' ')}`);
        return;
      case 'bye':
        socket.send('last');
        socket.close(4001, 'bye');
        return;
      case 'throw':
        await this.#ctx.storage.put('thrown', true);
        socket.send('never seen');
        throw new Error('as asked');
    }
  }

  async webSocketClose(_socket: DurableSocket, code: number, reason: string): Promise<void> {
    await this.#ctx.storage.put('closed', { code, reason, left: this.#ctx.getWebSockets().length });
  }

  async alarm(info?: AlarmInfo): Promise<void> {
    const { storage } = this.#ctx;
    const tries = ((await storage.get<number>('tries')) ?? 0) + 1;
    const failures = (await storage.get<number>('failures')) ?? 0;
    if ((info?.retryCount ?? 0) < failures) {
      // Taken back with the rest of the turn.
      await storage.put('rang', 'never');
      throw new Error('as asked');
    }
    const rangAt = this.#env.now();
    await storage.put({ tries, rang: info ?? null, rangAt, during: await storage.getAlarm() });
  }

  identity(): { id: string; life: string; boot: unknown } {
    return { id: this.#ctx.id.toString(), life: this.#life, boot: this.#bootValue };
  }

  resolve(name: string, text: string): boolean {
    const resolve = this.#deferred.get(name);
    this.#deferred.delete(name);
    resolve?.(text);
    return resolve !== undefined;
  }

  /** Counts up in several storage calls: a lost update or an overlap shows. */
  async increment(): Promise<{ count: number; overlaps: number }> {
    this.#heard += 1;
    this.#turns += 1;
    if (this.#turns > 1) this.#overlaps += 1;
    const count = ((await this.#ctx.storage.get<number>('count')) ?? 0) + 1;
    await this.#ctx.storage.list({ limit: 1 });
    await this.#ctx.storage.put('count', count);
    await this.#ctx.storage.transaction(async (txn) => {
      await txn.get('count');
      await txn.put('count', count);
    });
    this.#turns -= 1;
    return { count, overlaps: this.#overlaps };
  }

  /** Writes and then throws: nothing of it may stay. */
  async writeAndThrow(ops: Op[]): Promise<void> {
    await this.run(ops);
    throw new Error('as asked');
  }

  async run(ops: Op[]): Promise<unknown[]> {
    return runOps(this.#ctx.storage, ops, async (op) => {
      if (op.op === 'deleteAll') return this.#ctx.storage.deleteAll();
      if (op.op !== 'transaction') throw new Error(`unknown ${op.op}`);
      try {
        return await this.#ctx.storage.transaction(async (txn) => {
          const results = await runOps(txn, op.ops);
          if (op.end === 'throw') throw new Error('taken back');
          if (op.end === 'rollback') txn.rollback();
          return results;
        });
      } catch {
        return 'thrown';
      }
    });
  }

  setAlarm(at: number): Promise<void> {
    return this.#ctx.storage.setAlarm(at);
  }

  getAlarm(): Promise<number | null> {
    return this.#ctx.storage.getAlarm();
  }

  deleteAlarm(): Promise<void> {
    return this.#ctx.storage.deleteAlarm();
  }

  /** Waits for timers, or for ever, while nothing else may run; `heard`: how many calls did. */
  async block(ticks: number | 'for ever'): Promise<{ heard: number }> {
    return this.#ctx.blockConcurrencyWhile(async () => {
      if (ticks === 'for ever') return new Promise<never>(() => undefined);
      const before = this.#heard;
      for (let tick = 0; tick < ticks; tick += 1) await new Promise((resolve) => setTimeout(resolve, 0));
      await this.#ctx.storage.put('blocked', ticks);
      return { heard: this.#heard - before };
    });
  }

  /** Ends itself with a write that is not committed. */
  async end(): Promise<void> {
    await this.#ctx.storage.put('ended', true);
    this.#ctx.abort('as asked');
  }

  stayAwake(name: string): void {
    this.#ctx.waitUntil(new Promise<string>((resolve) => this.#deferred.set(name, resolve)));
  }
}

async function runOps(
  storage: DurableReadWrite,
  ops: Op[],
  other: (op: Op) => Promise<unknown> = (op) => Promise.reject(new Error(`no ${op.op} here`)),
): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const op of ops) results.push(await runOp(storage, op, other));
  return results;
}

async function runOp(
  storage: DurableReadWrite,
  op: Op,
  other: (op: Op) => Promise<unknown>,
): Promise<unknown> {
  switch (op.op) {
    case 'get':
      return (await storage.get(op.key)) ?? null;
    case 'getMany':
      return [...(await storage.get(op.keys))];
    case 'put':
      return (await storage.put(op.key, op.value)) ?? null;
    case 'putMany':
      return (await storage.put(op.entries)) ?? null;
    case 'delete':
      return storage.delete(op.key);
    case 'deleteMany':
      return storage.delete(op.keys);
    case 'list':
      return [...(await storage.list(op.options))];
    default:
      return (await other(op)) ?? null;
  }
}
