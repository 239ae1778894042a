import { nanoid } from 'nanoid';
import { MAX_MESSAGE_BYTES, type ServerMessage } from '../../protocol/channel.ts';
import type { CommandInput, CommandName, CommandResult } from '../../protocol/commands.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { MediaItem } from '../../protocol/media.ts';
import type { ClientClock } from './clock.ts';

export interface SendOptions {
  /** Milliseconds until it fails with `not_ready`; time without a connection counts. */
  timeoutMs?: number;
  /** Stops waiting for the answer: the promise rejects with the signal's reason. The server is not notified. */
  signal?: AbortSignal;
  /** Called with items of a parse as they are found; the result holds all of them again. */
  onItems?: (items: MediaItem[]) => void;
  /** Called when a parse waits for a server that takes long to begin, and when that ends; meanwhile `timeoutMs` is held. */
  onWaiting?: (isWaiting: boolean) => void;
}

/** Most commands are one stored write; a parse waits for a site and an engine. */
export const COMMAND_TIMEOUT_MS = 30_000;
export const PARSE_TIMEOUT_MS = 180_000;

interface PendingCommand {
  text: string;
  /** Sent over the connection that is open now. */
  sent: boolean;
  onItems: SendOptions['onItems'];
  /** Also after the loss of a connection: the server no longer says that it waits. */
  setWaiting: (isWaiting: boolean) => void;
  complete: (answer: { result: unknown } | { error: unknown }) => void;
}

/**
 * Commands waiting for an answer. Each keeps its id until it is answered and is sent again after a reconnect; the server
 * answers a repeated id with the same answer, so nothing is done twice.
 */
export class PendingCommands {
  readonly #pending = new Map<string, PendingCommand>();
  readonly #clock: ClientClock;
  readonly #transmit: (text: string) => boolean;

  /** @param transmit sends text over the open connection; false = there is none */
  constructor(clock: ClientClock, transmit: (text: string) => boolean) {
    this.#clock = clock;
    this.#transmit = transmit;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Rejects with SluiceError: the server's code, `body_too_large` or `not_ready` (no answer in time). */
  send<N extends CommandName>(
    name: N,
    fields: CommandInput<N>,
    options: SendOptions = {},
  ): Promise<CommandResult<N>> {
    const id = nanoid();
    const text = JSON.stringify({ type: 'command', id, name, ...fields });
    if (new TextEncoder().encode(text).length > MAX_MESSAGE_BYTES) {
      return Promise.reject(new SluiceError('body_too_large'));
    }
    const { signal, onItems, onWaiting } = options;
    const timeoutMs = options.timeoutMs ?? (name === 'parse' ? PARSE_TIMEOUT_MS : COMMAND_TIMEOUT_MS);
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const abort = () => complete({ error: signal?.reason });
      const onTimeout = (): void => {
        const seconds = Math.round(timeoutMs / 1000);
        complete({ error: new SluiceError('not_ready', `No answer in ${seconds} s; it may still be done.`) });
      };
      let cancelTimer = this.#clock.after(timeoutMs, onTimeout);
      let isWaiting = false;
      const setWaiting = (now: boolean): void => {
        if (now === isWaiting) return;
        isWaiting = now;
        cancelTimer();
        if (!now) cancelTimer = this.#clock.after(timeoutMs, onTimeout);
        onWaiting?.(now);
      };
      const complete: PendingCommand['complete'] = (answer) => {
        if (!this.#pending.delete(id)) return;
        cancelTimer();
        signal?.removeEventListener('abort', abort);
        if ('result' in answer) resolve(answer.result as CommandResult<N>);
        else reject(answer.error as Error);
      };
      signal?.addEventListener('abort', abort, { once: true });
      const pending: PendingCommand = { text, sent: false, onItems, setWaiting, complete };
      this.#pending.set(id, pending);
      pending.sent = this.#transmit(text);
    });
  }

  /** Handles the server's answer; ids that are not pending (any more) are ignored. */
  answer(message: Extract<ServerMessage, { id: string }>): void {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    if (message.type === 'items') pending.onItems?.(message.items);
    else if (message.type === 'waiting') pending.setWaiting(message.isWaiting);
    else if (message.type === 'ack') pending.complete({ result: message.result });
    else pending.complete({ error: SluiceError.of(message.error) });
  }

  /** Sends everything unanswered again, oldest first. Call after hello on a new connection. */
  resend(): void {
    for (const pending of this.#pending.values()) pending.sent = this.#transmit(pending.text);
  }

  /** Fails what was sent over the lost connection: sending it again would close the next one too. */
  failSent(error: SluiceError): void {
    for (const pending of [...this.#pending.values()]) if (pending.sent) pending.complete({ error });
  }

  failAll(error: SluiceError): void {
    for (const pending of [...this.#pending.values()]) pending.complete({ error });
  }

  /** The connection is lost; unanswered commands wait for the next one. */
  markUnsent(): void {
    for (const pending of this.#pending.values()) {
      pending.sent = false;
      pending.setWaiting(false);
    }
  }
}
