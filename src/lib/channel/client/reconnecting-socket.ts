/** A WebSocket that reconnects by itself: backoff with jitter, a deadline for each attempt, one timer. */
import { backoffMs } from './backoff.ts';
import { type ClientClock, systemClientClock } from './clock.ts';

export type SocketState =
  | { state: 'connecting' }
  | { state: 'live' }
  /** `retryAt` is on the socket's clock, milliseconds. */
  | { state: 'waiting'; retryAt: number }
  | { state: 'ended' };

interface ReconnectingSocketOptions {
  url: string;
  subprotocol: string;
  onState: (state: SocketState) => void;
  onMessage: (data: unknown) => void;
  /** @param code null = dropped by this side. May call `end`, or return the minimum attempt number for the backoff. */
  onLost?: (code: number | null, wasLive: boolean, reason: string) => number | undefined;
  WebSocket?: typeof WebSocket | undefined;
  clock?: ClientClock | undefined;
  /** Uniform in [0, 1). */
  random?: (() => number) | undefined;
}

export const CONNECT_TIMEOUT_MS = 10_000;
/** After a connection that lasted this long, the backoff starts again at its lowest. */
export const STABLE_MS = 5_000;

export class ReconnectingSocket {
  readonly #options: ReconnectingSocketOptions;
  readonly #clock: ClientClock;
  readonly #random: () => number;
  #socket: WebSocket | null = null;
  #state: SocketState = { state: 'connecting' };
  #attempt = 0;
  #liveSince = 0;
  #cancelTimer: () => void = () => {};

  constructor(options: ReconnectingSocketOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClientClock;
    this.#random = options.random ?? Math.random;
  }

  get state(): SocketState {
    return this.#state;
  }

  /** Call once, when the owner is ready for callbacks. */
  start(): void {
    this.#connect();
  }

  /** @returns false when there is no open connection */
  send(text: string): boolean {
    if (this.#state.state !== 'live') return false;
    this.#socket?.send(text);
    return true;
  }

  /** Connects at once instead of waiting for the next attempt. */
  retryNow(): void {
    if (this.#state.state !== 'waiting') return;
    this.#attempt = 0;
    this.#connect();
  }

  /** Abandons a connection that may take minutes to notice that it is dead, and schedules the next attempt. */
  drop(): void {
    this.#socket?.close();
    this.#onLost(null);
  }

  /** Closes the socket and never reconnects. */
  end(): void {
    if (this.#state.state === 'ended') return;
    this.#cancelTimer();
    const socket = this.#socket;
    this.#socket = null;
    this.#setState({ state: 'ended' });
    socket?.close();
  }

  #setState(state: SocketState): void {
    this.#state = state;
    this.#options.onState(state);
  }

  #startTimer(delayMs: number, action: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(delayMs, action);
  }

  #connect(): void {
    this.#setState({ state: 'connecting' });
    const Socket = this.#options.WebSocket ?? WebSocket;
    const socket = new Socket(this.#options.url, [this.#options.subprotocol]);
    this.#socket = socket;
    // Events of an abandoned socket are ignored.
    const isCurrent = (): boolean => this.#socket === socket;
    socket.addEventListener('open', () => {
      if (isCurrent()) this.#onOpen();
    });
    socket.addEventListener('message', (event) => {
      if (isCurrent()) this.#options.onMessage(event.data);
    });
    socket.addEventListener('close', (event) => {
      if (isCurrent()) this.#onLost(event.code, event.reason);
    });
    // Always followed by `close`; without a listener some implementations throw.
    socket.addEventListener('error', () => {});
    this.#startTimer(CONNECT_TIMEOUT_MS, () => this.drop());
  }

  #onOpen(): void {
    this.#cancelTimer();
    this.#liveSince = this.#clock.now();
    this.#setState({ state: 'live' });
  }

  #onLost(code: number | null, reason = ''): void {
    const wasLive = this.#state.state === 'live';
    this.#socket = null;
    if (wasLive && this.#clock.now() - this.#liveSince >= STABLE_MS) this.#attempt = 0;
    const leastAttempt = this.#options.onLost?.(code, wasLive, reason) ?? 0;
    if (this.#state.state === 'ended') return;
    this.#attempt = Math.max(this.#attempt, leastAttempt);
    const delayMs = backoffMs(this.#attempt++, this.#random);
    this.#setState({ state: 'waiting', retryAt: this.#clock.now() + delayMs });
    this.#startTimer(delayMs, () => this.#connect());
  }
}
