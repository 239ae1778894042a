/**
 * The browser's half of the channel: one socket that comes back by itself, frames in order, commands that are
 * answered exactly once. Nothing here knows the DOM: the page tells it when it wakes.
 */
import { CLOSE, type ServerMessage, type Snapshot, SUBPROTOCOL, type Update } from '../../protocol/channel.ts';
import { SluiceError } from '../../protocol/error.ts';
import { BUSY_ATTEMPT, backoffMs } from './backoff.ts';
import { type Clock, systemClock } from './clock.ts';
import { parseServerMessage } from './message.ts';
import { type CommandName, type Commands, Outbox, type SendOptions } from './outbox.ts';

export type ChannelState =
  | { state: 'connecting' }
  | { state: 'live' }
  /** `retryAt` is on the channel's clock, milliseconds. */
  | { state: 'waiting'; retryAt: number }
  /** `session_gone`: the cookie is no longer good, the page has to be loaded again. */
  | { state: 'ended'; reason: 'session_gone' | 'closed' };

export interface ChannelOptions {
  /** `ws:` or `wss:`, of `/api/channel`. */
  url: string;
  /** Snapshots, and updates with no gap between them. */
  onMessage: (message: Snapshot | Update) => void;
  onState?: (state: ChannelState) => void;
  /**
   * Asked after an attempt that never opened: a browser does not say whether the server refused (401) or is away.
   * True = the session is no longer good.
   */
  isSessionGone?: () => Promise<boolean>;
  WebSocket?: typeof WebSocket;
  clock?: Clock;
  /** Uniform in [0, 1). */
  random?: () => number;
}

export interface Channel {
  readonly state: ChannelState;
  /** Rejects with SluiceError: the server's code, `body_too_large`, `not_ready` or `unauthorized`. */
  send<N extends CommandName>(
    name: N,
    fields: Commands[N]['fields'],
    options?: SendOptions,
  ): Promise<Commands[N]['result']>;
  /** The page is visible or online again: connects at once, or checks the open connection. */
  wake(): void;
  close(): void;
}

/** Longer than the server's 30 s pings are apart, so a connection that it found dead is closed by then. */
export const IDLE_MS = 45_000;
/** With a command unanswered the doubt comes sooner. */
export const IDLE_PENDING_MS = 10_000;
/** A frame younger than this is proof enough that the connection lives. */
export const FRESH_MS = 5_000;
export const ANSWER_MS = 10_000;
export const CONNECT_MS = 10_000;
/** A connection that lived this long was a good one: the next loss starts the backoff afresh. */
export const STABLE_MS = 5_000;

export function createChannel(options: ChannelOptions): Channel {
  return new ChannelClient(options);
}

class ChannelClient implements Channel {
  readonly #options: ChannelOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #outbox: Outbox;
  #state: ChannelState = { state: 'connecting' };
  #socket: WebSocket | null = null;
  #position: { epoch: string; seq: number } | null = null;
  #attempt = 0;
  #liveSince = 0;
  #heardAt = 0;
  /** Downloads that a runner works on: only they, and commands, make silence suspicious. */
  #active = 0;
  #cancelTimer: () => void = () => {};

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#outbox = new Outbox(this.#clock, (text) => {
      if (this.#state.state !== 'live') return false;
      this.#socket?.send(text);
      // Only the first of several waiting: a busy hand must not put off the question for ever.
      if (this.#outbox.size === 1) this.#expectFrame();
      return true;
    });
    this.#connect();
  }

  get state(): ChannelState {
    return this.#state;
  }

  send<N extends CommandName>(
    name: N,
    fields: Commands[N]['fields'],
    options?: SendOptions,
  ): Promise<Commands[N]['result']> {
    if (this.#state.state === 'ended') return Promise.reject(new SluiceError('unauthorized'));
    return this.#outbox.send(name, fields, options);
  }

  wake(): void {
    if (this.#state.state === 'waiting') {
      this.#attempt = 0;
      this.#connect();
    } else if (this.#state.state === 'live' && this.#clock.now() - this.#heardAt >= FRESH_MS) {
      this.#heartbeat();
    }
  }

  close(): void {
    this.#end('closed');
  }

  #enter(state: ChannelState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }

  #timer(delayMs: number, action: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(delayMs, action);
  }

  #connect(): void {
    this.#enter({ state: 'connecting' });
    const Socket = this.#options.WebSocket ?? WebSocket;
    const socket = new Socket(this.#options.url, [SUBPROTOCOL]);
    this.#socket = socket;
    // A socket that was given up may still speak: only the present one is heard.
    const current = () => this.#socket === socket;
    socket.addEventListener('open', () => {
      if (current()) this.#opened();
    });
    socket.addEventListener('message', (event) => {
      if (current()) this.#received(parseServerMessage(event.data));
    });
    socket.addEventListener('close', (event) => {
      if (current()) this.#lost(event.code);
    });
    // Always followed by close; without a listener some implementations throw.
    socket.addEventListener('error', () => {});
    this.#timer(CONNECT_MS, () => this.#abandon());
  }

  #opened(): void {
    this.#liveSince = this.#heardAt = this.#clock.now();
    this.#hello();
    this.#enter({ state: 'live' });
    this.#outbox.resend();
    this.#expectFrame();
  }

  #hello(): void {
    this.#socket?.send(JSON.stringify({ type: 'hello', ...this.#position }));
  }

  /**
   * Restarted by every frame: silence leads to a question, and no answer to a new connection. Where nothing moves
   * there is nothing to hear, and a question would wake a session that sleeps.
   */
  #expectFrame(): void {
    this.#cancelTimer();
    if (this.#outbox.size > 0) this.#timer(IDLE_PENDING_MS, () => this.#heartbeat());
    else if (this.#active > 0) this.#timer(IDLE_MS, () => this.#heartbeat());
  }

  /** Browsers cannot ping: a second hello is answered with what was missed, or an update without changes. */
  #heartbeat(): void {
    this.#hello();
    this.#timer(ANSWER_MS, () => this.#abandon());
  }

  #received(message: ServerMessage | null): void {
    this.#heardAt = this.#clock.now();
    if (message?.type === 'snapshot') {
      this.#position = { epoch: message.epoch, seq: message.seq };
      this.#active = message.totals.active;
      this.#options.onMessage(message);
    } else if (message?.type === 'update') this.#update(message);
    else if (message !== null) this.#outbox.answer(message);
    if (this.#state.state === 'live') this.#expectFrame();
  }

  #update(update: Update): void {
    const position = this.#position;
    // Seen already: the answer to a heartbeat, or a frame that crossed it.
    if (position !== null && update.seq <= position.seq) return;
    if (position?.seq !== update.seq - 1) {
      this.#abandon();
      return;
    }
    this.#position = { ...position, seq: update.seq };
    this.#active = update.totals?.active ?? this.#active;
    this.#options.onMessage(update);
  }

  /** Gives up on a socket that may take minutes to notice that it is dead. */
  #abandon(): void {
    this.#socket?.close();
    this.#lost(null);
  }

  #lost(code: number | null): void {
    const wasLive = this.#state.state === 'live';
    this.#socket = null;
    if (code === CLOSE.sessionGone) {
      this.#end('session_gone');
      return;
    }
    // Our own doing: what was sent would do it again, and so might the position.
    if (code === CLOSE.policy || code === CLOSE.tooBig) {
      this.#outbox.failSent(new SluiceError(code === CLOSE.tooBig ? 'body_too_large' : 'invalid_request'));
      this.#position = null;
    }
    this.#outbox.lost();
    if (wasLive && this.#clock.now() - this.#liveSince >= STABLE_MS) this.#attempt = 0;
    if (code === CLOSE.busy) this.#attempt = Math.max(this.#attempt, BUSY_ATTEMPT);
    const delayMs = backoffMs(this.#attempt++, this.#random);
    this.#enter({ state: 'waiting', retryAt: this.#clock.now() + delayMs });
    this.#timer(delayMs, () => this.#connect());
    if (!wasLive) void this.#askSession();
  }

  async #askSession(): Promise<void> {
    const gone = await this.#options.isSessionGone?.().catch(() => false);
    if (gone && this.#state.state !== 'live') this.#end('session_gone');
  }

  #end(reason: 'session_gone' | 'closed'): void {
    if (this.#state.state === 'ended') return;
    this.#cancelTimer();
    this.#enter({ state: 'ended', reason });
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#outbox.failAll(new SluiceError('unauthorized'));
  }
}
