/** Parse jobs under way: who asked, and what the runner says of them. */
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
  /** Whoever asked; when it goes, so does the job. */
  asker: unknown;
}

export class Parses {
  readonly #tell: (command: RunnerCommand) => void;
  readonly #running = new Map<string, Parse>();

  constructor(tell: (command: RunnerCommand) => void) {
    this.#tell = tell;
  }

  get busy(): boolean {
    return this.#running.size > 0;
  }

  /** @throws SluiceError `too_many_requests` */
  begin(
    job: string,
    { url, engine }: CommandFields<'parse'>,
    asker: unknown,
    onItems: OnItems,
  ): Promise<ParseResult> {
    if (this.#running.size >= MAX_PARSES) {
      throw new SluiceError('too_many_requests', `${MAX_PARSES} addresses are being looked at already.`);
    }
    const answer = Promise.withResolvers<ParseResult>();
    this.#running.set(job, { answer, onItems, asker });
    this.#tell({ type: 'parse', job, url, engine });
    return answer.promise;
  }

  hear(event: ParseEvent): void {
    const parse = this.#running.get(event.job);
    if (!parse) return;
    if (event.type === 'parse-items') return parse.onItems(event.engine, event.items);
    this.#running.delete(event.job);
    if (event.type === 'parse-done') parse.answer.resolve(event.result);
    else parse.answer.reject(new SluiceError(event.error.code, event.error.message));
  }

  /** Nobody waits for the answers any more. */
  abandon(asker: unknown): void {
    for (const [job, parse] of this.#running) {
      if (parse.asker !== asker) continue;
      this.#running.delete(job);
      this.#tell({ type: 'abandon-parse', job });
      parse.answer.reject(new SluiceError('internal_error', 'The client went away.'));
    }
  }
}
