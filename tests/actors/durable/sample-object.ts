/** An object that uses every part of the model, for the contract. Web standards only, as it also runs on workerd. */
import type {
  AlarmInfo,
  DurableContext,
  DurableObject,
  DurableSocket,
  KvListOptions,
} from '../../../src/lib/actors/durable/types.ts';

/** A storage call as data, so that tests can run several of them in one turn. */
export type Op =
  | { op: 'get'; key: string }
  | { op: 'put'; key: string; value: unknown }
  | { op: 'delete'; key: string }
  | { op: 'list'; options: KvListOptions }
  | { op: 'setAlarm'; at: number }
  | { op: 'transaction'; ops: Op[]; end: 'commit' | 'throw' };

export interface SampleEnv {
  greeting: string;
  /** The host's clock, epoch ms. */
  now(): number;
}

export class Sample implements DurableObject {
  readonly #ctx: DurableContext;
  readonly #env: SampleEnv;
  readonly #deferred = new Map<string, (text: string) => void>();
  /** Different in each activation. */
  readonly #life = Math.random().toString(36).slice(2);
  readonly #boot: unknown;
  #turns = 0;
  #overlaps = 0;

  constructor(ctx: DurableContext, env: SampleEnv) {
    this.#ctx = ctx;
    this.#env = env;
    this.#boot = ctx.storage.kv.get('boot') ?? null;
  }

  fetch(request: Request): Response | Promise<Response> {
    const url = new URL(request.url);
    switch (url.pathname) {
      case '/echo':
        return this.#echo(request);
      case '/defer':
        return new Promise<string>((resolve) => this.#deferred.set(url.search.slice(1), resolve)).then(
          (text) => new Response(text),
        );
      case '/throw':
        this.#ctx.storage.kv.put('thrown', true);
        throw new Error('as asked');
      default:
        return new Response('no such path', { status: 404 });
    }
  }

  async #echo(request: Request): Promise<Response> {
    const body = await request.text();
    return Response.json({ method: request.method, body, greeting: this.#env.greeting });
  }

  webSocketMessage(socket: DurableSocket, message: string | ArrayBuffer): void {
    const { kv } = this.#ctx.storage;
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
        kv.put('written', rest.join(' '));
        socket.send(`written ${rest.join(' ')}`);
        return;
      case 'bye':
        socket.send('last');
        socket.close(4001, 'bye');
        return;
      case 'throw':
        kv.put('thrown', true);
        for (const other of this.#ctx.getWebSockets()) other.send('never seen');
        throw new Error('as asked');
      // Without a write, so that the frame does not wait for a commit.
      case 'throw-unwritten':
        for (const other of this.#ctx.getWebSockets()) other.send('never seen');
        throw new Error('as asked');
    }
  }

  webSocketClose(_socket: DurableSocket, code: number, reason: string): void {
    this.#ctx.storage.kv.put('closed', { code, reason, left: this.#ctx.getWebSockets().length });
  }

  alarm(info?: AlarmInfo): void {
    const { kv } = this.#ctx.storage;
    const tries = (kv.get<number>('tries') ?? 0) + 1;
    const failures = kv.get<number>('failures') ?? 0;
    if ((info?.retryCount ?? 0) < failures) {
      // Rolled back with the rest of the turn.
      kv.put('rang', 'never');
      throw new Error('as asked');
    }
    kv.put('tries', tries);
    kv.put('rang', info ?? null);
    kv.put('rangAt', this.#env.now());
  }

  identity(): { id: string; life: string; boot: unknown } {
    return { id: this.#ctx.id.toString(), life: this.#life, boot: this.#boot };
  }

  resolve(name: string, text: string): boolean {
    const resolve = this.#deferred.get(name);
    this.#deferred.delete(name);
    resolve?.(text);
    return resolve !== undefined;
  }

  /** Increments in several storage calls, so that a lost update or an overlap is noticed. */
  increment(): { count: number; overlaps: number } {
    const { storage } = this.#ctx;
    const { kv } = storage;
    this.#turns += 1;
    if (this.#turns > 1) this.#overlaps += 1;
    const count = (kv.get<number>('count') ?? 0) + 1;
    kv.list({ limit: 1 });
    kv.put('count', count);
    storage.transactionSync(() => {
      kv.get('count');
      kv.put('count', count);
    });
    this.#turns -= 1;
    return { count, overlaps: this.#overlaps };
  }

  /** Writes and then throws, which must roll the writes back. */
  writeAndThrow(ops: Op[]): void {
    this.run(ops);
    throw new Error('as asked');
  }

  run(ops: Op[]): unknown[] {
    return ops.map((op) => this.#run(op));
  }

  #run(op: Op): unknown {
    const { storage } = this.#ctx;
    const { kv } = storage;
    switch (op.op) {
      case 'get':
        return kv.get(op.key) ?? null;
      case 'put':
        kv.put(op.key, op.value);
        return null;
      case 'delete':
        return kv.delete(op.key);
      case 'list':
        return [...kv.list(op.options)];
      case 'setAlarm':
        void storage.setAlarm(op.at);
        return null;
      case 'transaction':
        try {
          return storage.transactionSync(() => {
            const results = this.run(op.ops);
            if (op.end === 'throw') throw new Error('taken back');
            return results;
          });
        } catch {
          return 'thrown';
        }
    }
  }

  /** Writes `count` values of `length` characters. */
  fill(prefix: string, count: number, length: number): void {
    for (let index = 0; index < count; index += 1)
      this.#ctx.storage.kv.put(`${prefix}${index}`, 'x'.repeat(length));
  }

  attach(attachment: unknown): void {
    for (const socket of this.#ctx.getWebSockets()) socket.serializeAttachment(attachment);
  }

  setAlarm(at: number): void {
    void this.#ctx.storage.setAlarm(at);
  }

  getAlarm(): Promise<number | null> {
    return this.#ctx.storage.getAlarm();
  }

  /** Aborts with an uncommitted write. */
  end(): void {
    this.#ctx.storage.kv.put('ended', true);
    this.#ctx.abort('as asked');
  }

  stayAwake(name: string): void {
    this.#ctx.waitUntil(new Promise<string>((resolve) => this.#deferred.set(name, resolve)));
  }
}
