/**
 * Adapts one of our classes to a Durable Object of workerd. Runs inside workerd.
 * Sockets are accepted here, in `fetch`, as the embedded host accepts them outside of the object. A turn is a transaction, and
 * its frames are sent when it succeeds: in plain workerd a throw rolls back neither.
 */
import { DurableObject as WorkerdObject } from 'cloudflare:workers';
import type {
  AlarmInfo,
  DurableClass,
  DurableContext,
  DurableObject,
  DurableSocket,
} from '../../../src/lib/actors/durable/types.ts';

/** The interface of such an object for the worker, over workerd's RPC. */
export interface Hosted {
  fetch(request: Request): Promise<Response>;
  invoke(method: string, args: unknown[]): Promise<unknown>;
}

/** Additional members of workerd's context. */
interface WorkerdContext extends DurableContext {
  acceptWebSocket(socket: unknown): void;
}

export function hosted<Env, Bindings>(
  durableClass: DurableClass<Env, DurableObject>,
  envOf: (bindings: Bindings) => Env,
): new (ctx: unknown, bindings: Bindings) => Hosted {
  return class extends WorkerdObject<Bindings> implements Hosted {
    readonly #inner: DurableObject;
    readonly #ctx: WorkerdContext;
    readonly #turns: Turns;

    constructor(ctx: unknown, bindings: Bindings) {
      super(ctx, bindings);
      this.#ctx = ctx as WorkerdContext;
      this.#turns = new Turns(this.#ctx);
      this.#inner = new durableClass(this.#turns.ctx, envOf(bindings));
    }

    async fetch(request: Request): Promise<Response> {
      if (request.headers.get('upgrade') === 'websocket') {
        const { 0: client, 1: server } = new WebSocketPair();
        this.#ctx.acceptWebSocket(server);
        return new Response(null, { status: 101, webSocket: client } as ResponseInit);
      }
      const answer = this.#turns.run(() => this.#inner.fetch?.(request));
      return (await answer) ?? new Response(null, { status: 404 });
    }

    async invoke(method: string, args: unknown[]): Promise<unknown> {
      const inner = this.#inner as Record<string, ((...args: unknown[]) => unknown) | undefined>;
      return this.#turns.run(() => inner[method]?.(...args));
    }

    webSocketMessage(socket: DurableSocket, message: string | ArrayBuffer): void {
      this.#turns.run(() => this.#inner.webSocketMessage?.(this.#turns.socket(socket), message));
    }

    webSocketClose(socket: DurableSocket, code: number, reason: string, wasClean: boolean): void {
      this.#turns.run(() => this.#inner.webSocketClose?.(this.#turns.socket(socket), code, reason, wasClean));
    }

    alarm(info?: AlarmInfo): void {
      // Converts workerd's host object, which storage would refuse, to plain data.
      const plain = info && { isRetry: info.isRetry, retryCount: info.retryCount };
      this.#turns.run(() => this.#inner.alarm?.(plain));
    }
  };
}

class Turns {
  readonly #ctx: DurableContext;
  /** The object's context, whose sockets hold back frames until the turn ends. */
  readonly ctx: DurableContext;
  readonly #sockets = new WeakMap<DurableSocket, DurableSocket>();
  /** Frames of the current turn; null between turns. */
  #outputs: (() => void)[] | null = null;

  constructor(ctx: DurableContext) {
    this.#ctx = ctx;
    this.ctx = {
      id: ctx.id,
      storage: ctx.storage,
      // In `webSocketClose` workerd still lists the closing socket.
      getWebSockets: () =>
        ctx
          .getWebSockets()
          .filter(({ readyState }) => readyState === 1)
          .map((socket) => this.socket(socket)),
      waitUntil: (promise) => ctx.waitUntil(promise),
      abort: (reason) => ctx.abort(reason),
    };
  }

  run<T>(turn: () => T): T {
    const outputs: (() => void)[] = [];
    this.#outputs = outputs;
    let result: T;
    try {
      result = this.#ctx.storage.transactionSync(turn);
    } finally {
      this.#outputs = null;
    }
    for (const output of outputs) output();
    return result;
  }

  /** The same wrapper for each socket, so that it can be a key of a Map. */
  socket(socket: DurableSocket): DurableSocket {
    const known = this.#sockets.get(socket);
    if (known !== undefined) return known;
    const later = (output: () => void): void => {
      if (this.#outputs === null) output();
      else this.#outputs.push(output);
    };
    const view: DurableSocket = {
      get readyState() {
        return socket.readyState;
      },
      send: (message) => later(() => socket.send(message)),
      close: (code, reason) => later(() => socket.close(code, reason)),
      serializeAttachment: (attachment) => socket.serializeAttachment(attachment),
      deserializeAttachment: () => socket.deserializeAttachment() as unknown,
    };
    this.#sockets.set(socket, view);
    return view;
  }
}
