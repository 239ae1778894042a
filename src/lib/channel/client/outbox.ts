import { nanoid } from 'nanoid';
import { MAX_MESSAGE_BYTES, type ServerMessage } from '../../protocol/channel.ts';
import type { Action, AddBody, ParseBody } from '../../protocol/command.ts';
import type { DownloadView } from '../../protocol/download.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { MediaItem, ParseResult } from '../../protocol/media.ts';
import type { Clock } from './clock.ts';

/** Every command with what it takes and what its ack holds. */
export interface Commands extends Record<
  Action,
  { fields: { downloadId: string }; result: DownloadView | undefined }
> {
  parse: { fields: Partial<ParseBody> & { url: string }; result: ParseResult };
  add: { fields: Partial<AddBody> & { url: string }; result: { id: string } };
  remove: { fields: { downloadId: string; file?: 'keep' | 'delete' }; result: unknown };
}
export type CommandName = keyof Commands;

export interface SendOptions {
  /** Milliseconds, lost connections included, until it fails with `not_ready`. */
  timeoutMs?: number;
  /** Stops waiting for the answer: the promise rejects with the signal's reason. The server is not told. */
  signal?: AbortSignal;
  /** Items of a parse as they are found; the result holds all of them again. */
  onItems?: (items: MediaItem[]) => void;
}

/** A command is one stored write; reading a page can mean a slow site and a slow engine. */
export const COMMAND_TIMEOUT_MS = 30_000;
export const PARSE_TIMEOUT_MS = 180_000;

interface Pending {
  text: string;
  /** Whether the connection that is open now has carried it. */
  sent: boolean;
  onItems: SendOptions['onItems'];
  settle: (outcome: { result: unknown } | { error: unknown }) => void;
}

/**
 * Commands that wait for an answer. Each keeps its id until it is answered and is sent again after a reconnect;
 * the server answers an id that it has seen with the same answer, so nothing is done twice.
 */
export class Outbox {
  readonly #pending = new Map<string, Pending>();
  readonly #clock: Clock;
  readonly #transmit: (text: string) => boolean;

  /** @param transmit hands text to the open connection; false = there is none */
  constructor(clock: Clock, transmit: (text: string) => boolean) {
    this.#clock = clock;
    this.#transmit = transmit;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Rejects with SluiceError: the server's code, `body_too_large` or `not_ready` (no answer in time). */
  send<N extends CommandName>(
    name: N,
    fields: Commands[N]['fields'],
    options: SendOptions = {},
  ): Promise<Commands[N]['result']> {
    const id = nanoid();
    const text = JSON.stringify({ type: 'command', id, name, ...fields });
    if (new TextEncoder().encode(text).length > MAX_MESSAGE_BYTES) {
      return Promise.reject(new SluiceError('body_too_large'));
    }
    const { signal, onItems } = options;
    const timeoutMs = options.timeoutMs ?? (name === 'parse' ? PARSE_TIMEOUT_MS : COMMAND_TIMEOUT_MS);
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const abort = () => settle({ error: signal?.reason });
      const cancelTimer = this.#clock.after(timeoutMs, () => {
        const seconds = Math.round(timeoutMs / 1000);
        settle({ error: new SluiceError('not_ready', `No answer in ${seconds} s; it may still be done.`) });
      });
      const settle: Pending['settle'] = (outcome) => {
        if (!this.#pending.delete(id)) return;
        cancelTimer();
        signal?.removeEventListener('abort', abort);
        if ('result' in outcome) resolve(outcome.result as Commands[N]['result']);
        else reject(outcome.error as Error);
      };
      signal?.addEventListener('abort', abort, { once: true });
      const pending: Pending = { text, sent: false, onItems, settle };
      this.#pending.set(id, pending);
      pending.sent = this.#transmit(text);
    });
  }

  /** Takes the server's word on a command; an id that nobody waits for (any more) is ignored. */
  answer(message: Extract<ServerMessage, { type: 'ack' | 'reject' | 'items' }>): void {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    if (message.type === 'items') pending.onItems?.(message.items);
    else if (message.type === 'ack') pending.settle({ result: message.result });
    else pending.settle({ error: new SluiceError(message.error.code, message.error.message) });
  }

  /** A connection is open and has said hello: everything unanswered goes again, oldest first. */
  resend(): void {
    for (const pending of this.#pending.values()) pending.sent = this.#transmit(pending.text);
  }

  /** Ends what the lost connection had carried: sending it again would close the next one too. */
  failSent(error: SluiceError): void {
    for (const pending of [...this.#pending.values()]) if (pending.sent) pending.settle({ error });
  }

  failAll(error: SluiceError): void {
    for (const pending of [...this.#pending.values()]) pending.settle({ error });
  }

  /** The connection is gone; what is unanswered waits for the next. */
  lost(): void {
    for (const pending of this.#pending.values()) pending.sent = false;
  }
}
