/**
 * The object model: names and meaning of Cloudflare's Durable Objects (hibernating WebSockets and the key-value
 * storage API), web-standard types only. A class written against this file runs in the embedded host, in workerd
 * and on Cloudflare. README.md says what is left out and where hosts differ.
 */

export interface DurableId {
  /** The name the object was asked for by, when there is one. The embedded host always has it. */
  readonly name?: string;
  toString(): string;
}

export interface ListOptions {
  /** First key, inclusive. Keys are ordered by their UTF-8 bytes. */
  start?: string;
  /** First key, exclusive. Not together with `start`. */
  startAfter?: string;
  /** Last key, exclusive. */
  end?: string;
  prefix?: string;
  /** At least 1. Without one, more than `LIMITS.listEntries` entries are an error, never a silent cut. */
  limit?: number;
  /** From the last key to the first; `start` and `end` keep their meaning. */
  reverse?: boolean;
}

/** What both the storage and a transaction on it can do. Values are plain JSON: see `value.ts`. */
export interface DurableReadWrite {
  get<T = unknown>(key: string): Promise<T | undefined>;
  /** At most 128 keys; keys without a value are not in the map. The map is in key order. */
  get<T = unknown>(keys: string[]): Promise<Map<string, T>>;
  put<T>(key: string, value: T): Promise<void>;
  /** At most 128 entries. */
  put<T>(entries: Record<string, T>): Promise<void>;
  /** True when there was something to delete. */
  delete(key: string): Promise<boolean>;
  /** At most 128 keys; how many there were. */
  delete(keys: string[]): Promise<number>;
  /** In key order, or the reverse of it. */
  list<T = unknown>(options?: ListOptions): Promise<Map<string, T>>;
}

export interface DurableTransaction extends DurableReadWrite {
  /** Undoes what the transaction wrote; its closure may go on, but not with storage. */
  rollback(): void;
}

/**
 * Storage of one object. A write is seen by later reads at once; no reply and no frame leaves before it is
 * on disk, so there is no need to wait for it. Every method rejects with SluiceError `storage_limit` when a cap
 * of `limits.ts` is passed.
 */
export interface DurableStorage extends DurableReadWrite {
  /** All or nothing: a closure that throws leaves nothing. Only storage may be awaited inside; not nested. */
  transaction<T>(closure: (txn: DurableTransaction) => Promise<T>): Promise<T>;
  /** Everything of this object, its alarm too. */
  deleteAll(): Promise<void>;
  /** Epoch milliseconds, or null. Null inside `alarm()` unless it set a new one. */
  getAlarm(): Promise<number | null>;
  /** One an object: replaces the one before. A time gone by fires at once. */
  setAlarm(scheduledTime: number | Date): Promise<void>;
  deleteAlarm(): Promise<void>;
  /**
   * Resolves when all writes so far are on disk. The gate holds replies back anyway: this is for what leaves by
   * another way. A handler that awaits it gives up its turn; better leave it to `waitUntil`.
   */
  sync(): Promise<void>;
}

/** A client's socket as the object sees it. It outlives the object in memory, and its attachment with it. */
export interface DurableSocket {
  /** As on WebSocket: 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  /** Bytes handed over and not yet sent, where the host knows (the embedded one does). */
  readonly bufferedAmount?: number;
  /** Leaves after the writes before it are committed. Does nothing once the socket is closing. */
  send(message: string | ArrayBuffer | Uint8Array): void;
  /** Leaves after the frames before it. The client's answer arrives as `webSocketClose`. */
  close(code?: number, reason?: string): void;
  /** Plain JSON, at most `LIMITS.attachmentBytes`; kept with the socket while the object sleeps. */
  serializeAttachment(attachment: unknown): void;
  /** A copy; null when there is none. */
  deserializeAttachment(): unknown;
}

export interface DurableContext {
  readonly id: DurableId;
  readonly storage: DurableStorage;
  /**
   * Takes over a socket: its messages wake this object. At most 10 tags of 256 characters. In the embedded host
   * most sockets come by `stub.connect`, which does this for the object without waking it.
   */
  acceptWebSocket(socket: unknown, tags?: string[]): void;
  /** Sockets that are open, all or those with a tag, oldest first. */
  getWebSockets(tag?: string): DurableSocket[];
  getTags(socket: DurableSocket): string[];
  /** Runs at once; no event is delivered until it settles. When it throws, the object is reset. At most 30 s. */
  blockConcurrencyWhile<T>(callback: () => Promise<T>): Promise<T>;
  /** Keeps the object in memory until it settles. A rejection is reported, nothing more. */
  waitUntil(promise: Promise<unknown>): void;
  /** Resets the object: its uncommitted writes are dropped, open calls fail, the next event makes a new one. */
  abort(reason?: string): void;
}

export interface AlarmInfo {
  isRetry: boolean;
  /** 0 at first, 6 at the last try. */
  retryCount: number;
}

/**
 * Handlers run one at a time. A turn awaits only `ctx.storage`; a handler that awaits anything else gives up the
 * turn and goes on between later events (so may a Response promise that a later event resolves).
 * Any other public method can be called through a stub: arguments and result are plain data.
 */
export interface DurableObject {
  fetch?(request: Request): Response | Promise<Response>;
  webSocketMessage?(socket: DurableSocket, message: string | ArrayBuffer): void | Promise<void>;
  webSocketClose?(
    socket: DurableSocket,
    code: number,
    reason: string,
    wasClean: boolean,
  ): void | Promise<void>;
  webSocketError?(socket: DurableSocket, error: unknown): void | Promise<void>;
  /** Delivered at least once. A throw is tried again, at most 6 times: 2 s, 4 s, … with jitter. */
  alarm?(info?: AlarmInfo): void | Promise<void>;
}

export type DurableClass<Env, T extends object = DurableObject> = new (ctx: DurableContext, env: Env) => T;

/** Names of the methods that a stub can call. */
export type RpcMethod<T> = {
  [K in keyof T]: K extends keyof DurableObject
    ? never
    : T[K] extends (...args: never[]) => unknown
      ? K
      : never;
}[keyof T] &
  string;

type Args<F> = F extends (...args: infer A) => unknown ? A : never;
type Result<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;

export interface ConnectOptions {
  tags?: string[];
  /** As by `serializeAttachment`. */
  attachment?: unknown;
}

/** How the outside speaks to one object. Holding a stub costs nothing and keeps nothing alive. */
export interface DurableStub<T extends object = DurableObject> {
  readonly id: DurableId;
  fetch(request: Request): Promise<Response>;
  call<M extends RpcMethod<T>>(method: M, ...args: Args<T[M]>): Promise<Result<T[M]>>;
}

/** Embedded host only: a stub that also takes sockets. */
export interface EmbeddedStub<T extends object = DurableObject> extends DurableStub<T> {
  /**
   * Hands a socket to the object without waking it. The caller passes on what the socket hears to the link.
   * @throws SluiceError `not_ready` when the host is closing, `storage_limit` for tags or attachment
   */
  connect(wire: WireSocket, options?: ConnectOptions): SocketLink;
}

/** What the embedded host needs of a real socket: `ws` fits as it is. */
export interface WireSocket {
  readonly bufferedAmount: number;
  send(message: string | ArrayBuffer | Uint8Array): void;
  close(code?: number, reason?: string): void;
}

/** The socket's side: whoever owns the wire calls these. */
export interface SocketLink {
  /** More than `LIMITS.messageBytes` closes the socket with 1009. */
  message(message: string | ArrayBuffer): void;
  /** The wire is closed: last call. */
  closed(code: number, reason: string, wasClean: boolean): void;
  error(error: unknown): void;
}
