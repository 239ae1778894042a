/**
 * A class of ours as a Durable Object of workerd: all that lies between the two. Runs inside workerd.
 * Sockets are accepted here, in `fetch`, as the embedded host does it outside of the object.
 */
import { DurableObject as WorkerdObject } from 'cloudflare:workers';
import type {
  AlarmInfo,
  DurableClass,
  DurableContext,
  DurableObject,
  DurableSocket,
} from '../../../src/lib/actors/durable/types.ts';

/** What the worker can do with an object of such a class, over workerd's own RPC. */
export interface Hosted {
  fetch(request: Request): Promise<Response>;
  invoke(method: string, args: unknown[]): Promise<unknown>;
}

export function hosted<Env, Bindings>(
  durableClass: DurableClass<Env, DurableObject>,
  envOf: (bindings: Bindings) => Env,
): new (ctx: unknown, bindings: Bindings) => Hosted {
  return class extends WorkerdObject<Bindings> implements Hosted {
    readonly #inner: DurableObject;
    readonly #ctx: DurableContext;

    constructor(ctx: unknown, bindings: Bindings) {
      super(ctx, bindings);
      this.#ctx = contextOf(ctx as DurableContext);
      this.#inner = new durableClass(this.#ctx, envOf(bindings));
    }

    async fetch(request: Request): Promise<Response> {
      if (request.headers.get('upgrade') === 'websocket') {
        const { 0: client, 1: server } = new WebSocketPair();
        this.#ctx.acceptWebSocket(server);
        return new Response(null, { status: 101, webSocket: client } as ResponseInit);
      }
      return (await this.#inner.fetch?.(request)) ?? new Response(null, { status: 404 });
    }

    invoke(method: string, args: unknown[]): Promise<unknown> {
      const inner = this.#inner as Record<string, ((...args: unknown[]) => unknown) | undefined>;
      return Promise.resolve(inner[method]?.(...args));
    }

    async webSocketMessage(socket: DurableSocket, message: string | ArrayBuffer): Promise<void> {
      await this.#inner.webSocketMessage?.(socket, message);
    }

    async webSocketClose(
      socket: DurableSocket,
      code: number,
      reason: string,
      wasClean: boolean,
    ): Promise<void> {
      await this.#inner.webSocketClose?.(socket, code, reason, wasClean);
    }

    async webSocketError(socket: DurableSocket, error: unknown): Promise<void> {
      await this.#inner.webSocketError?.(socket, error);
    }

    async alarm(info?: AlarmInfo): Promise<void> {
      // A host object there, which storage would refuse; plain data here.
      const plain = info && { isRetry: info.isRetry, retryCount: info.retryCount };
      await this.#inner.alarm?.(plain);
    }
  };
}

/** In `webSocketClose` workerd still lists the socket that is about to close. */
function contextOf(ctx: DurableContext): DurableContext {
  return {
    id: ctx.id,
    storage: ctx.storage,
    acceptWebSocket: (socket, tags) => ctx.acceptWebSocket(socket, tags),
    getWebSockets: (tag) => ctx.getWebSockets(tag).filter(({ readyState }) => readyState === 1),
    getTags: (socket) => ctx.getTags(socket),
    blockConcurrencyWhile: (callback) => ctx.blockConcurrencyWhile(callback),
    waitUntil: (promise) => ctx.waitUntil(promise),
    abort: (reason) => ctx.abort(reason),
  };
}
