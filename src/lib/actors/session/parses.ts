/** Running parses: who requested them, and the runner's answers. */
import type { CommandFields } from '../../protocol/commands.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { EngineName, MediaItem, ParseResult } from '../../protocol/media.ts';
import type { RunnerCommand, RunnerEvent } from '../../protocol/runner.ts';

/** Concurrent parses of one session: each may be a process. */
const MAX_PARSES = 16;

type ParseEvent = Extract<RunnerEvent, { job: string }>;

/** What is to be said of a parse while it runs: items as they are found, and whether a slow server is waited for. */
type ParseUpdate =
  { type: 'items'; engine: EngineName; items: MediaItem[] } | { type: 'waiting'; isWaiting: boolean };
export type OnParseUpdate = (news: ParseUpdate) => void;

interface Parse {
  answer: PromiseWithResolvers<ParseResult>;
  onNews: OnParseUpdate;
  /** When it disconnects, the job is ended. */
  requester: unknown;
}

export class Parses {
  readonly #send: (command: RunnerCommand) => void;
  readonly #owner: () => string | null;
  readonly #running = new Map<string, Parse>();

  /** @param owner of the session; null = not known */
  constructor(send: (command: RunnerCommand) => void, owner: () => string | null) {
    this.#send = send;
    this.#owner = owner;
  }

  get busy(): boolean {
    return this.#running.size > 0;
  }

  /** @throws SluiceError `too_many_requests` */
  begin(
    job: string,
    { url, engine, cursor }: CommandFields<'parse'>,
    requester: unknown,
    onNews: OnParseUpdate,
  ): Promise<ParseResult> {
    if (this.#running.size >= MAX_PARSES) {
      throw new SluiceError('too_many_requests', `${MAX_PARSES} addresses are being looked at already.`);
    }
    const answer = Promise.withResolvers<ParseResult>();
    this.#running.set(job, { answer, onNews, requester });
    const owner = this.#owner();
    const more = { ...(cursor === null ? {} : { cursor }), ...(owner === null ? {} : { owner }) };
    this.#send({ type: 'parse', job, url, engine, ...more });
    return answer.promise;
  }

  handle(event: ParseEvent): void {
    const parse = this.#running.get(event.job);
    if (!parse) return;
    if (event.type === 'parse-items')
      return parse.onNews({ type: 'items', engine: event.engine, items: event.items });
    if (event.type === 'parse-waiting') return parse.onNews({ type: 'waiting', isWaiting: event.isWaiting });
    this.#running.delete(event.job);
    if (event.type === 'parse-done') parse.answer.resolve(event.result);
    else parse.answer.reject(SluiceError.of(event.error));
  }

  /** Ends the parses of a client that disconnected. */
  abandon(requester: unknown): void {
    for (const [job, parse] of this.#running) {
      if (parse.requester !== requester) continue;
      this.#running.delete(job);
      this.#send({ type: 'abandon-parse', job });
      parse.answer.reject(new SluiceError('internal_error', 'The client went away.'));
    }
  }
}
