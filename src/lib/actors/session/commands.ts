/** The commands of a session, over HTTP or ws: one meaning for both. Called inside turns. */
import type { CommandMessage } from '../../protocol/command.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { Answer, CommandLog } from './command-log.ts';
import type { Downloads } from './downloads.ts';
import type { SessionEnv } from './env.ts';
import type { Listings } from './listings.ts';
import type { OnItems, Parses } from './parses.ts';
import type { SessionRequest } from './requests.ts';

/**
 * What a command comes to: an answer now, or one that a later event brings. A refusal is an answer too: a turn that
 * throws would be taken back.
 */
export type Outcome = { result: unknown } | { later: Promise<unknown> } | { refusal: SluiceError };

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

  /** @param requester as for `answerMessage` */
  answer(asked: SessionRequest, requester: unknown): Outcome {
    if (asked.ask === 'parse') return this.#parse(asked.body, requester, () => {});
    if (asked.ask === 'add' && asked.body.commandId !== undefined) {
      const { commandId, ...body } = asked.body;
      return this.#once(commandId, { name: 'add', ...body }, { ask: 'add', body });
    }
    return this.#perform(asked, 'http');
  }

  /** @param requester when it disconnects, its parses end */
  answerMessage({ type: _, id, ...asked }: CommandMessage, requester: unknown, onItems: OnItems): Outcome {
    switch (asked.name) {
      case 'parse':
        return this.#parse(asked, requester, onItems);
      case 'add':
        return this.#once(id, asked, { ask: 'add', body: asked });
      case 'remove':
        return this.#once(id, asked, { ask: 'remove', id: asked.downloadId, file: asked.file });
      default:
        return this.#once(id, asked, { ask: asked.name, id: asked.downloadId });
    }
  }

  #parse({ url, engine }: ParseRequest['body'], requester: unknown, onItems: OnItems): Outcome {
    const { env, parses } = this.#parts;
    return orRefusal(() => {
      const body = { url: env.checkUrl(url), engine };
      return { later: parses.begin(env.newId(), body, requester, onItems) };
    });
  }

  /** Acts once for each command id: a repetition gets the answer that was given, an error too. */
  #once(id: string, asked: object, request: Actable): Outcome {
    const { env, log } = this.#parts;
    const now = env.clock.now();
    const text = JSON.stringify(asked);
    return orRefusal(() => {
      const known = log.recall(id, text, now);
      if (known !== null) return replay(known);
      const outcome = this.#perform(request, `command:${id}`);
      if (!('refusal' in outcome)) {
        log.keep(id, text, { ok: true, result: 'later' in outcome ? null : outcome.result }, now);
      } else if (!outcome.refusal.transient) {
        // A refusal that may pass by itself is no answer to remember.
        log.keep(id, text, { ok: false, error: outcome.refusal.view }, now);
      }
      return outcome;
    });
  }

  #perform(asked: Actable, cause: string): Outcome {
    const { downloads, listings } = this.#parts;
    return orRefusal(() => {
      switch (asked.ask) {
        case 'add':
          return { result: { id: downloads.add(asked.body, cause) } };
        case 'list':
          return { result: listings.page(asked.states, asked.limit, asked.beforeN) };
        case 'show':
          return { result: listings.show(asked.id) };
        case 'file':
          return { result: listings.file(asked.id) };
        case 'remove':
          return { later: downloads.remove(asked.id, asked.file).then(() => null) };
        default:
          return { result: downloads.act(asked.ask, asked.id, cause) };
      }
    });
  }
}

/** What is thrown with a code before anything is written is an answer; anything else is a crash. */
function orRefusal(work: () => Outcome): Outcome {
  try {
    return work();
  } catch (error) {
    if (error instanceof SluiceError && error.code !== 'internal_error') return { refusal: error };
    throw error;
  }
}

function replay(answer: Answer): Outcome {
  if (answer.ok) return { result: answer.result };
  return { refusal: new SluiceError(answer.error.code, answer.error.message) };
}
