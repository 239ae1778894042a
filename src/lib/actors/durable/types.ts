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

export interface KvListOptions {
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

/** Synchronous, one key a call. Values are plain JSON: see `value.ts`. */
export interface DurableKv {
  get<T = unknown>(key: string): T | undefined;
  put<T>(key: string, value: T): void;
  /** True when there was something to delete. */
  delete(key: string): boolean;
  /** In key order, or the reverse of it. To be read to the end before the next `list`: workerd keeps one cursor. */
  list<T = unknown>(options?: KvListOptions): Iterable<[key: string, value: T]>;
}

/**
 * Storage of one object. A write is seen by later reads at once; no reply and no frame leaves before it is
 * on disk, so there is no need to wait for it. Throws SluiceError `storage_limit` when a cap of `limits.ts` is passed.
 * A turn writes at most `LIMITS.turnWrites` values of some 2 kB: in a cluster larger commits fail.
 */
export interface DurableStorage {
  readonly kv: DurableKv;
  /** All or nothing: a closure that throws leaves neither values nor an alarm. May be nested. */
  transactionSync<T>(closure: () => T): T;
  /** Epoch milliseconds, or null. Null inside `alarm()` unless it set a new one. */
  getAlarm(): Promise<number | null>;
  /**
   * One alarm per object: replaces an earlier one. A past time fires at once. Set when the call returns: its promise need
   * not be awaited.
   */
  setAlarm(scheduledTime: number | Date): Promise<void>;
  /**
   * Resolves when all writes so far are on disk. Replies and frames wait anyway: this is for what leaves by another way,
   * and between the slices of work that is too much for one turn.
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
  /** Sockets that are open, oldest first. */
  getWebSockets(): DurableSocket[];
  /** Keeps the object in memory until it settles. A rejection is reported, nothing more. */
  waitUntil(promise: Promise<unknown>): void;
  /** Resets the object: its uncommitted writes are dropped, open calls fail, the next event makes a new one. */
  abort(reason?: string): void;
}

export interface AlarmInfo {
  isRetry: boolean;
  /** 0 at first, 6 at the last try. */
  retryCount: number;
  /**
   * Only where the clock was set back: what it would show otherwise, epoch milliseconds. The alarm may not be due: what
   * is not has to be set again. Hosts that do not notice leave it out.
   */
  expectedNow?: number;
}

/**
 * A turn is one handler, from its call to its return: turns never overlap, and one that throws leaves nothing behind,
 * neither values nor an alarm nor frames. A promise that a handler returns is its answer and no part of the turn.
 * Any other public method can be called through a stub: arguments and result are plain data.
 */
export interface DurableObject {
  fetch?(request: Request): Response | Promise<Response>;
  webSocketMessage?(socket: DurableSocket, message: string | ArrayBuffer): void;
  webSocketClose?(socket: DurableSocket, code: number, reason: string, wasClean: boolean): void;
  /** Delivered at least once. A throw is tried again, at most 6 times: 2 s, 4 s, … with jitter. */
  alarm?(info?: AlarmInfo): void;
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

/** How the outside speaks to one object. Holding a stub costs nothing and keeps nothing alive. */
export interface DurableStub<T extends object = DurableObject> {
  readonly id: DurableId;
  fetch(request: Request): Promise<Response>;
  call<M extends RpcMethod<T>>(method: M, ...args: Args<T[M]>): Promise<Result<T[M]>>;
}

/** Embedded host only: a stub that also takes sockets. */
export interface EmbeddedStub<T extends object = DurableObject> extends DurableStub<T> {
  /**
   * Hands a socket to the object without waking it. The caller passes what the socket receives to the link.
   * @throws SluiceError `not_ready` when the host is closing
   */
  connect(wire: WireSocket): SocketLink;
}

/** What the embedded host needs of a real socket: `ws` fits as it is. */
export interface WireSocket {
  readonly bufferedAmount: number;
  send(message: string | ArrayBuffer | Uint8Array): void;
  close(code?: number, reason?: string): void;
}

/** The socket's side: called by the owner of the wire. */
export interface SocketLink {
  /** More than `LIMITS.messageBytes` closes the socket with 1009. */
  message(message: string | ArrayBuffer): void;
  /** The wire is closed: last call. */
  closed(code: number, reason: string, wasClean: boolean): void;
}
