/**
 * The client's half of the channel: frames in order, commands that are answered exactly once. Nothing here knows the
 * DOM: the page says when it wakes.
 */
import {
  CLOSE,
  type ServerMessage,
  type Snapshot,
  SUBPROTOCOL,
  type Update,
} from '../../protocol/channel.ts';
import type { CommandInput, CommandName, CommandResult } from '../../protocol/commands.ts';
import { SluiceError } from '../../protocol/error.ts';
import { BUSY_ATTEMPT } from './backoff.ts';
import { type Clock, systemClock } from './clock.ts';
import { parseServerMessage } from './message.ts';
import { Outbox, type SendOptions } from './outbox.ts';
import { ReconnectingSocket, type SocketState } from './reconnecting-socket.ts';

export type ChannelState =
  | Exclude<SocketState, { state: 'ended' }>
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
  /** The server did not answer a question: the connection is given up. Called before `onState`. */
  onSilence?: () => void;
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
    fields: CommandInput<N>,
    options?: SendOptions,
  ): Promise<CommandResult<N>>;
  /** The page is visible or online again: connects at once, or checks the open connection. */
  wake(): void;
  close(): void;
}

/** A download that moves is in a frame five times a second: a speed that is older than this is no longer true. */
export const IDLE_MS = 5_000;
/** With a command unanswered. */
export const IDLE_PENDING_MS = 5_000;
/** A frame younger than this is proof enough that the connection lives. */
export const FRESH_MS = 5_000;
/** A round trip; a phone's network in a train takes one second. */
export const ANSWER_MS = 2_000;

export function createChannel(options: ChannelOptions): Channel {
  return new ChannelClient(options);
}

class ChannelClient implements Channel {
  readonly #options: ChannelOptions;
  readonly #clock: Clock;
  readonly #socket: ReconnectingSocket;
  readonly #outbox: Outbox;
  #state: ChannelState = { state: 'connecting' };
  #position: { epoch: string; seq: number } | null = null;
  #lastFrameAt = 0;
  /** Downloads that a runner works on: only they, and commands, make silence suspicious. */
  #active = 0;
  /** A second hello was sent and nothing has come since. */
  #isAsked = false;
  #cancelTimer: () => void = () => {};

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#outbox = new Outbox(this.#clock, (text) => {
      if (!this.#socket.send(text)) return false;
      // Only the first of several waiting: a busy hand must not put off the question for ever.
      if (this.#outbox.size === 1) this.#expectFrame();
      return true;
    });
    this.#socket = new ReconnectingSocket({
      url: options.url,
      subprotocol: SUBPROTOCOL,
      onState: (state) => this.#onSocketState(state),
      onMessage: (data) => this.#onMessage(parseServerMessage(data)),
      onLost: (code, wasLive) => this.#onLost(code, wasLive),
      WebSocket: options.WebSocket,
      clock: this.#clock,
      random: options.random,
    });
    this.#socket.start();
  }

  get state(): ChannelState {
    return this.#state;
  }

  send<N extends CommandName>(
    name: N,
    fields: CommandInput<N>,
    options?: SendOptions,
  ): Promise<CommandResult<N>> {
    if (this.#state.state === 'ended') return Promise.reject(new SluiceError('unauthorized'));
    return this.#outbox.send(name, fields, options);
  }

  wake(): void {
    if (this.#state.state === 'waiting') this.#socket.retryNow();
    else if (this.#state.state === 'live' && this.#clock.now() - this.#lastFrameAt >= FRESH_MS)
      this.#heartbeat();
  }

  close(): void {
    this.#end('closed');
  }

  #enter(state: ChannelState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }

  #onSocketState(state: SocketState): void {
    if (state.state === 'ended') return;
    if (state.state !== 'live') return this.#enter(state);
    this.#lastFrameAt = this.#clock.now();
    this.#hello();
    this.#enter(state);
    this.#outbox.resend();
    this.#expectFrame();
  }

  #hello(): void {
    this.#socket.send(JSON.stringify({ type: 'hello', ...this.#position }));
  }

  #timer(delayMs: number, action: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(delayMs, action);
  }

  /**
   * Restarted by every frame: silence leads to a question, and no answer to a new connection. Where nothing moves
   * no frame is due, and a question would wake a session that sleeps.
   */
  #expectFrame(): void {
    if (this.#isAsked) return;
    this.#cancelTimer();
    if (this.#outbox.size > 0) this.#timer(IDLE_PENDING_MS, () => this.#heartbeat());
    else if (this.#active > 0) this.#timer(IDLE_MS, () => this.#heartbeat());
  }

  /** Browsers cannot ping: a second hello is answered with what was missed, or an update without changes. */
  #heartbeat(): void {
    if (this.#isAsked) return;
    this.#hello();
    this.#isAsked = true;
    this.#timer(ANSWER_MS, () => {
      this.#options.onSilence?.();
      this.#socket.drop();
    });
  }

  #onMessage(message: ServerMessage | null): void {
    this.#lastFrameAt = this.#clock.now();
    this.#isAsked = false;
    if (message?.type === 'snapshot') {
      this.#position = { epoch: message.epoch, seq: message.seq };
      this.#active = message.totals.active;
      this.#options.onMessage(message);
    } else if (message?.type === 'update') this.#onUpdate(message);
    else if (message !== null) this.#outbox.answer(message);
    if (this.#state.state === 'live') this.#expectFrame();
  }

  #onUpdate(update: Update): void {
    const position = this.#position;
    // Seen already: the answer to a heartbeat, or a frame that crossed it.
    if (position !== null && update.seq <= position.seq) return;
    if (position?.seq !== update.seq - 1) {
      this.#socket.drop();
      return;
    }
    this.#position = { ...position, seq: update.seq };
    this.#active = update.totals?.active ?? this.#active;
    this.#options.onMessage(update);
  }

  /** @returns the least attempt to back off for */
  #onLost(code: number | null, wasLive: boolean): number {
    this.#cancelTimer();
    this.#isAsked = false;
    if (code === CLOSE.sessionGone) {
      this.#end('session_gone');
      return 0;
    }
    // Our own doing: what was sent would do it again, and so might the position.
    if (code === CLOSE.policy || code === CLOSE.tooBig) {
      this.#outbox.failSent(new SluiceError(code === CLOSE.tooBig ? 'body_too_large' : 'invalid_request'));
      this.#position = null;
    }
    this.#outbox.lost();
    if (!wasLive) void this.#askSession();
    return code === CLOSE.busy ? BUSY_ATTEMPT : 0;
  }

  async #askSession(): Promise<void> {
    const gone = await this.#options.isSessionGone?.().catch(() => false);
    if (gone && this.#state.state !== 'live') this.#end('session_gone');
  }

  #end(reason: 'session_gone' | 'closed'): void {
    if (this.#state.state === 'ended') return;
    this.#cancelTimer();
    this.#enter({ state: 'ended', reason });
    this.#socket.end();
    this.#outbox.failAll(new SluiceError('unauthorized'));
  }
}
