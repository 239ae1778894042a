/** A WebSocket that comes back by itself: backoff with jitter, a deadline for each attempt, one timer. */
import { backoffMs } from './backoff.ts';
import { type Clock, systemClock } from './clock.ts';

export type SocketState =
  | { state: 'connecting' }
  | { state: 'live' }
  /** `retryAt` is on the socket's clock, milliseconds. */
  | { state: 'waiting'; retryAt: number }
  | { state: 'ended' };

export interface ReconnectingSocketOptions {
  url: string;
  subprotocol: string;
  onState: (state: SocketState) => void;
  onMessage: (data: unknown) => void;
  /** @param code null = given up by this side. May call `end`, or answer the least attempt to back off for. */
  onLost?: (code: number | null, wasLive: boolean) => number | undefined;
  WebSocket?: typeof WebSocket | undefined;
  clock?: Clock | undefined;
  /** Uniform in [0, 1). */
  random?: (() => number) | undefined;
}

/** An attempt that has not opened after this many ms is given up. */
export const CONNECT_MS = 10_000;
/** A connection that lived this long was a good one: the next loss starts the backoff afresh. */
export const STABLE_MS = 5_000;

export class ReconnectingSocket {
  readonly #options: ReconnectingSocketOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  #socket: WebSocket | null = null;
  #state: SocketState = { state: 'connecting' };
  #attempt = 0;
  #liveSince = 0;
  #cancelTimer: () => void = () => {};

  constructor(options: ReconnectingSocketOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
  }

  get state(): SocketState {
    return this.#state;
  }

  /** To be called once, when the owner is ready for callbacks. */
  start(): void {
    this.#connect();
  }

  /** @returns false when there is no open connection */
  send(text: string): boolean {
    if (this.#state.state !== 'live') return false;
    this.#socket?.send(text);
    return true;
  }

  /** Ends the wait for the next attempt. */
  retryNow(): void {
    if (this.#state.state !== 'waiting') return;
    this.#attempt = 0;
    this.#connect();
  }

  /** Gives up on a connection that may take minutes to notice that it is dead. */
  drop(): void {
    this.#socket?.close();
    this.#lost(null);
  }

  /** For good. */
  end(): void {
    if (this.#state.state === 'ended') return;
    this.#cancelTimer();
    const socket = this.#socket;
    this.#socket = null;
    this.#enter({ state: 'ended' });
    socket?.close();
  }

  #enter(state: SocketState): void {
    this.#state = state;
    this.#options.onState(state);
  }

  #timer(delayMs: number, action: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(delayMs, action);
  }

  #connect(): void {
    this.#enter({ state: 'connecting' });
    const Socket = this.#options.WebSocket ?? WebSocket;
    const socket = new Socket(this.#options.url, [this.#options.subprotocol]);
    this.#socket = socket;
    // A socket that was given up may still speak: only the present one counts.
    const current = (): boolean => this.#socket === socket;
    socket.addEventListener('open', () => {
      if (current()) this.#opened();
    });
    socket.addEventListener('message', (event) => {
      if (current()) this.#options.onMessage(event.data);
    });
    socket.addEventListener('close', (event) => {
      if (current()) this.#lost(event.code);
    });
    // Always followed by close; without a listener some implementations throw.
    socket.addEventListener('error', () => {});
    this.#timer(CONNECT_MS, () => this.drop());
  }

  #opened(): void {
    this.#cancelTimer();
    this.#liveSince = this.#clock.now();
    this.#enter({ state: 'live' });
  }

  #lost(code: number | null): void {
    const wasLive = this.#state.state === 'live';
    this.#socket = null;
    if (wasLive && this.#clock.now() - this.#liveSince >= STABLE_MS) this.#attempt = 0;
    const leastAttempt = this.#options.onLost?.(code, wasLive) ?? 0;
    if (this.#state.state === 'ended') return;
    this.#attempt = Math.max(this.#attempt, leastAttempt);
    const delayMs = backoffMs(this.#attempt++, this.#random);
    this.#enter({ state: 'waiting', retryAt: this.#clock.now() + delayMs });
    this.#timer(delayMs, () => this.#connect());
  }
}
