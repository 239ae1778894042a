/**
 * The client side of the channel: frames in order, commands answered exactly once. It does not use the DOM: the page
 * calls `checkConnection` when it becomes visible or online.
 */
import {
  CLOSE,
  type ServerMessage,
  type Snapshot,
  SUBPROTOCOL,
  type Update,
} from '../../protocol/channel.ts';
import type { CommandInput, CommandName, CommandResult } from '../../protocol/commands.ts';
import { type ErrorCode, SluiceError } from '../../protocol/error.ts';
import { BUSY_MIN_ATTEMPT } from './backoff.ts';
import { type ClientClock, systemClientClock } from './clock.ts';
import { parseServerMessage } from './message.ts';
import { PendingCommands, type SendOptions } from './pending-commands.ts';
import { ReconnectingSocket, type SocketState } from './reconnecting-socket.ts';

export type ChannelState =
  | Exclude<SocketState, { state: 'ended' | 'waiting' }>
  /** `isBusy`: the server refuses it, as this address has too much open; absent = it was lost. */
  | (Extract<SocketState, { state: 'waiting' }> & { isBusy?: true })
  /** `session_gone`: the cookie is no longer valid, the page must be reloaded. */
  | { state: 'ended'; reason: 'session_gone' | 'closed' };

export interface ChannelOptions {
  /** The `ws:` or `wss:` URL of `/api/channel`. */
  url: string;
  /** Called with snapshots, and with updates that have no gap between them. */
  onMessage: (message: Snapshot | Update) => void;
  onState?: (state: ChannelState) => void;
  /**
   * Called after an attempt that never opened, as a browser does not say whether the server refused it (401) or is down.
   * True = the session is no longer valid.
   */
  isSessionGone?: () => Promise<boolean>;
  /** The server did not answer a question: the connection is given up. Called before `onState`. */
  onSilence?: () => void;
  WebSocket?: typeof WebSocket;
  clock?: ClientClock;
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
  /** Call when the page becomes visible or online: connects at once, or checks the open connection. */
  checkConnection(): void;
  close(): void;
}

/** With 1013: see docs/protocol.md. */
const TOO_MANY: ErrorCode = 'too_many_requests';

/**
 * Silence before a heartbeat, while a download moves or a command is unanswered. A moving download is in a frame five times a
 * second: a speed that is older than this is no longer true.
 */
export const IDLE_MS = 5_000;
/** After a frame this recent, `checkConnection` does not check the connection. */
export const FRESH_MS = 5_000;
/** A round trip; a phone's network in a train takes one second. */
export const ANSWER_TIMEOUT_MS = 2_000;
/**
 * The same while a command is unanswered: only whole frames show, and the heartbeat's answer is behind that of the command. A
 * page of a list has up to 256 kB, which take 14 s at 150 kbit/s.
 */
export const PENDING_ANSWER_TIMEOUT_MS = 10_000;

export function createChannel(options: ChannelOptions): Channel {
  return new ChannelClient(options);
}

class ChannelClient implements Channel {
  readonly #options: ChannelOptions;
  readonly #clock: ClientClock;
  readonly #socket: ReconnectingSocket;
  readonly #pendingCommands: PendingCommands;
  #state: ChannelState = { state: 'connecting' };
  #position: { epoch: string; seq: number } | null = null;
  #lastFrameAt = 0;
  /** While this is 0 and no command is pending, silence is normal. */
  #activeDownloads = 0;
  /** A heartbeat was sent, and no frame has come since. */
  #isAwaitingAnswer = false;
  /** The last connection was closed as one too many. */
  #isBusy = false;
  #cancelTimer: () => void = () => {};

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClientClock;
    this.#pendingCommands = new PendingCommands(this.#clock, (text) => {
      if (!this.#socket.send(text)) return false;
      // Only for the first pending command: later ones must not keep postponing the heartbeat.
      if (this.#pendingCommands.size === 1) this.#scheduleHeartbeat();
      return true;
    });
    this.#socket = new ReconnectingSocket({
      url: options.url,
      subprotocol: SUBPROTOCOL,
      onState: (state) => this.#onSocketState(state),
      onMessage: (data) => this.#onMessage(parseServerMessage(data)),
      onLost: (...how) => this.#onLost(...how),
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
    return this.#pendingCommands.send(name, fields, options);
  }

  checkConnection(): void {
    if (this.#state.state === 'waiting') this.#socket.retryNow();
    else if (this.#state.state === 'live' && this.#clock.now() - this.#lastFrameAt >= FRESH_MS)
      this.#heartbeat();
  }

  close(): void {
    this.#end('closed');
  }

  #setState(state: ChannelState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }

  #onSocketState(state: SocketState): void {
    if (state.state === 'ended') return;
    if (state.state === 'waiting' && this.#isBusy) return this.#setState({ ...state, isBusy: true });
    if (state.state !== 'live') return this.#setState(state);
    this.#lastFrameAt = this.#clock.now();
    this.#sendHello();
    this.#setState(state);
    this.#pendingCommands.resend();
    this.#scheduleHeartbeat();
  }

  #sendHello(): void {
    this.#socket.send(JSON.stringify({ type: 'hello', ...this.#position }));
  }

  #startTimer(delayMs: number, action: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(delayMs, action);
  }

  /**
   * Restarted by every frame: after silence a heartbeat is sent, and without an answer to it a new connection is opened.
   * An idle session sends no frames and gets no heartbeat, which would wake it.
   */
  #scheduleHeartbeat(): void {
    if (this.#isAwaitingAnswer) return;
    this.#cancelTimer();
    if (this.#pendingCommands.size > 0 || this.#activeDownloads > 0)
      this.#startTimer(IDLE_MS, () => this.#heartbeat());
  }

  /** Browsers cannot ping, so it sends another hello: the answer is what was missed, or an update without changes. */
  #heartbeat(): void {
    if (this.#isAwaitingAnswer) return;
    this.#sendHello();
    this.#isAwaitingAnswer = true;
    const timeoutMs = this.#pendingCommands.size > 0 ? PENDING_ANSWER_TIMEOUT_MS : ANSWER_TIMEOUT_MS;
    this.#startTimer(timeoutMs, () => {
      this.#options.onSilence?.();
      this.#socket.drop();
    });
  }

  #onMessage(message: ServerMessage | null): void {
    this.#lastFrameAt = this.#clock.now();
    this.#isAwaitingAnswer = false;
    if (message?.type === 'snapshot') {
      this.#position = { epoch: message.epoch, seq: message.seq };
      this.#activeDownloads = message.totals.active;
      this.#options.onMessage(message);
    } else if (message?.type === 'update') this.#onUpdate(message);
    else if (message !== null) this.#pendingCommands.answer(message);
    if (this.#state.state === 'live') this.#scheduleHeartbeat();
  }

  #onUpdate(update: Update): void {
    const position = this.#position;
    // Applied already: the answer to a heartbeat, or a frame that crossed it.
    if (position !== null && update.seq <= position.seq) return;
    if (position?.seq !== update.seq - 1) {
      this.#socket.drop();
      return;
    }
    this.#position = { ...position, seq: update.seq };
    this.#activeDownloads = update.totals?.active ?? this.#activeDownloads;
    this.#options.onMessage(update);
  }

  /** @returns the minimum attempt number for the backoff */
  #onLost(code: number | null, wasLive: boolean, reason: string): number {
    this.#cancelTimer();
    this.#isAwaitingAnswer = false;
    if (code === CLOSE.sessionGone) {
      this.#end('session_gone');
      return 0;
    }
    // Caused by what this client sent: sending the commands or the position again could do the same.
    if (code === CLOSE.policy || code === CLOSE.tooBig) {
      this.#pendingCommands.failSent(
        new SluiceError(code === CLOSE.tooBig ? 'body_too_large' : 'invalid_request'),
      );
      this.#position = null;
    }
    this.#isBusy = code === CLOSE.busy && reason === TOO_MANY;
    this.#pendingCommands.markUnsent();
    if (!wasLive) void this.#checkSession();
    return code === CLOSE.busy ? BUSY_MIN_ATTEMPT : 0;
  }

  async #checkSession(): Promise<void> {
    const gone = await this.#options.isSessionGone?.().catch(() => false);
    if (gone && this.#state.state !== 'live') this.#end('session_gone');
  }

  #end(reason: 'session_gone' | 'closed'): void {
    if (this.#state.state === 'ended') return;
    this.#cancelTimer();
    this.#setState({ state: 'ended', reason });
    this.#socket.end();
    this.#pendingCommands.failAll(new SluiceError('unauthorized'));
  }
}
