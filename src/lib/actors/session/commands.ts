/** What is asked of a session, over HTTP or ws, and how it is answered: one meaning for both. Called inside turns. */
import type { CommandMessage } from '../../protocol/command.ts';
import { SluiceError, toSluiceError } from '../../protocol/error.ts';
import type { Answer, CommandLog } from './command-log.ts';
import type { Downloads } from './downloads.ts';
import type { SessionEnv } from './env.ts';
import type { Listings } from './listings.ts';
import type { OnItems, Parses } from './parses.ts';
import type { SessionRequest } from './requests.ts';

/** What a turn yields: an answer now, or one that a later event brings. */
export type Outcome = { result: unknown } | { later: Promise<unknown> };

type ParseRequest = Extract<SessionRequest, { ask: 'parse' }>;
type Actable = Exclude<SessionRequest, ParseRequest>;

export interface CommandParts {
  env: SessionEnv;
  log: CommandLog;
  downloads: Downloads;
  listings: Listings;
  parses: Parses;
}

export class Commands {
  readonly #parts: CommandParts;

  constructor(parts: CommandParts) {
    this.#parts = parts;
  }

  /**
   * @param asker as for `answerMessage`
   * @throws SluiceError as the contract has it for each call
   */
  async answer(asked: SessionRequest, asker: unknown): Promise<Outcome> {
    if (asked.ask === 'parse') return this.#parse(asked.body, asker, () => {});
    if (asked.ask === 'add' && asked.body.commandId !== undefined) {
      const { commandId, ...body } = asked.body;
      return this.#once(commandId, { name: 'add', ...body }, { ask: 'add', body });
    }
    return this.#perform(asked, 'http');
  }

  /**
   * @param asker when it goes, so does a parse of its
   * @throws SluiceError as `answer`
   */
  async answerMessage(
    { type: _, id, ...asked }: CommandMessage,
    asker: unknown,
    onItems: OnItems,
  ): Promise<Outcome> {
    switch (asked.name) {
      case 'parse':
        return this.#parse(asked, asker, onItems);
      case 'add':
        return this.#once(id, asked, { ask: 'add', body: asked });
      case 'remove':
        return this.#once(id, asked, { ask: 'remove', id: asked.downloadId, file: asked.file });
      default:
        return this.#once(id, asked, { ask: asked.name, id: asked.downloadId });
    }
  }

  #parse({ url, engine }: ParseRequest['body'], asker: unknown, onItems: OnItems): Outcome {
    const { env, parses } = this.#parts;
    const body = { url: env.checkUrl(url), engine };
    return { later: parses.begin(env.newId(), body, asker, onItems) };
  }

  /** Acts once for each command id: a repetition gets the answer that was given, an error too. */
  async #once(id: string, asked: object, request: Actable): Promise<Outcome> {
    const { env, log } = this.#parts;
    const now = env.clock.now();
    const text = JSON.stringify(asked);
    const known = await log.recall(id, text, now);
    if (known) return replay(known);
    try {
      const outcome = await this.#perform(request, `command:${id}`);
      const result = 'later' in outcome ? null : outcome.result;
      await log.keep(id, text, { ok: true, result }, now);
      return outcome;
    } catch (error) {
      const { view, transient } = toSluiceError(error);
      // A refusal that may pass by itself is no answer to remember.
      if (!transient) await log.keep(id, text, { ok: false, error: view }, now);
      throw error;
    }
  }

  async #perform(asked: Actable, cause: string): Promise<Outcome> {
    const { downloads, listings } = this.#parts;
    switch (asked.ask) {
      case 'add':
        return { result: { id: await downloads.add(asked.body, cause) } };
      case 'list':
        return { result: await listings.page(asked.states, asked.limit, asked.beforeN) };
      case 'show':
        return { result: await listings.show(asked.id) };
      case 'file':
        return { result: await listings.file(asked.id) };
      case 'remove': {
        const { gone } = await downloads.remove(asked.id, asked.file);
        return { later: gone.then(() => null) };
      }
      default:
        return { result: await downloads.act(asked.ask, asked.id, cause) };
    }
  }
}

function replay(answer: Answer): Outcome {
  if (answer.ok) return { result: answer.result };
  throw new SluiceError(answer.error.code, answer.error.message);
}
