/** Parse jobs under way: which client asked, and what the runner answers. */
import type { CommandFields } from '../../protocol/commands.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { EngineName, MediaItem, ParseResult } from '../../protocol/media.ts';
import type { RunnerCommand, RunnerEvent } from '../../protocol/runner.ts';

/** Parses of one session at once: each may be a process. */
const MAX_PARSES = 16;

export type ParseEvent = Extract<RunnerEvent, { job: string }>;

/** Items as they are found, before the whole is known. */
export type OnItems = (engine: EngineName, items: MediaItem[]) => void;

interface Parse {
  answer: PromiseWithResolvers<ParseResult>;
  onItems: OnItems;
  /** The client that asked; when it goes, so does the job. */
  requester: unknown;
}

export class Parses {
  readonly #send: (command: RunnerCommand) => void;
  readonly #running = new Map<string, Parse>();

  constructor(send: (command: RunnerCommand) => void) {
    this.#send = send;
  }

  get busy(): boolean {
    return this.#running.size > 0;
  }

  /** @throws SluiceError `too_many_requests` */
  begin(
    job: string,
    { url, engine }: CommandFields<'parse'>,
    requester: unknown,
    onItems: OnItems,
  ): Promise<ParseResult> {
    if (this.#running.size >= MAX_PARSES) {
      throw new SluiceError('too_many_requests', `${MAX_PARSES} addresses are being looked at already.`);
    }
    const answer = Promise.withResolvers<ParseResult>();
    this.#running.set(job, { answer, onItems, requester });
    this.#send({ type: 'parse', job, url, engine });
    return answer.promise;
  }

  handle(event: ParseEvent): void {
    const parse = this.#running.get(event.job);
    if (!parse) return;
    if (event.type === 'parse-items') return parse.onItems(event.engine, event.items);
    this.#running.delete(event.job);
    if (event.type === 'parse-done') parse.answer.resolve(event.result);
    else parse.answer.reject(new SluiceError(event.error.code, event.error.message));
  }

  /** The client is gone. */
  abandon(requester: unknown): void {
    for (const [job, parse] of this.#running) {
      if (parse.requester !== requester) continue;
      this.#running.delete(job);
      this.#send({ type: 'abandon-parse', job });
      parse.answer.reject(new SluiceError('internal_error', 'The client went away.'));
    }
  }
}
