/** The commands of a session, the same over HTTP and ws. Called inside turns. */
import { jsonAnswer, type PlainAnswer } from '../../protocol/answer.ts';
import { engineUnknown, resultStatus } from '../../protocol/commands.ts';
import { type ErrorView, SluiceError, toSluiceError } from '../../protocol/error.ts';
import type { EngineName } from '../../protocol/media.ts';
import type { SessionRequest } from '../../protocol/request.ts';
import type { StoredAnswer, CommandLog } from './command-log.ts';
import type { DownloadActions } from './download-actions.ts';
import type { SessionEnv } from './env.ts';
import type { Listings } from './listings.ts';
import type { OnParseUpdate, Parses } from './parses.ts';

/**
 * The answer to a command, now or in a later event. A refusal is an answer too: a turn that
 * throws would be rolled back.
 */
export type CommandAnswer = { result: unknown } | { later: Promise<unknown> } | { refusal: SluiceError };

type ParseCommand = Extract<SessionRequest, { name: 'parse' }>;

interface CommandParts {
  session: string;
  env: SessionEnv;
  log: CommandLog;
  downloads: DownloadActions;
  listings: Listings;
  parses: Parses;
}

export class Commands {
  readonly #parts: CommandParts;

  constructor(parts: CommandParts) {
    this.#parts = parts;
  }

  /**
   * @param requester its parses end when it disconnects
   * @param onNews of a parse, while it runs
   */
  answer(request: SessionRequest, requester: unknown, onNews: OnParseUpdate): CommandAnswer {
    if (request.name === 'parse') return this.#parse(request, requester, onNews);
    if (!('commandId' in request) || request.commandId === undefined) return this.#perform(request, 'http');
    const { commandId, ...command } = request;
    return this.#once(commandId, command);
  }

  #parse({ url, engine, cursor }: ParseCommand, requester: unknown, onNews: OnParseUpdate): CommandAnswer {
    const { env, session, parses } = this.#parts;
    return orRefusal(() => {
      this.#requireEngine(engine);
      const body = { url: env.checkUrl(url, session), engine, cursor };
      return { later: parses.begin(env.newId(), body, requester, onNews) };
    });
  }

  /** Runs each command id once: a repetition gets the stored answer, also if that is an error. */
  #once(id: string, command: Exclude<SessionRequest, ParseCommand>): CommandAnswer {
    const { env, log } = this.#parts;
    const now = env.clock.now();
    const text = JSON.stringify(command);
    return orRefusal(() => {
      const known = log.recall(id, text, now);
      if (known !== null) return storedAnswer(known);
      const answer = this.#perform(command, `command:${id}`);
      if (!('refusal' in answer)) {
        log.keep(id, text, { ok: true, result: 'later' in answer ? null : answer.result }, now);
      } else if (!answer.refusal.transient) {
        // Transient refusals are not stored.
        log.keep(id, text, { ok: false, error: answer.refusal.view }, now);
      }
      return answer;
    });
  }

  #perform(request: Exclude<SessionRequest, ParseCommand>, cause: string): CommandAnswer {
    const { downloads, listings } = this.#parts;
    return orRefusal(() => {
      switch (request.name) {
        case 'add':
          this.#requireEngine(request.engine);
          return { result: { id: downloads.add(request, cause) } };
        case 'list':
          return { result: listings.page(request) };
        case 'show':
          return { result: listings.show(request.downloadId) };
        case 'file':
          return { result: listings.file(request.downloadId) };
        case 'remove':
          return { later: downloads.remove(request.downloadId, request.file).then(() => null) };
        default:
          return { result: downloads.act(request.name, request.downloadId, cause) };
      }
    });
  }

  /** @throws SluiceError `engine_unknown` */
  #requireEngine(name: EngineName | null): void {
    if (name !== null && this.#parts.env.hasEngine?.(name) === false) throw engineUnknown(name);
  }
}

/** A SluiceError thrown before anything is written is a refusal; anything else is a crash. */
function orRefusal(work: () => CommandAnswer): CommandAnswer {
  try {
    return work();
  } catch (error) {
    if (error instanceof SluiceError && error.code !== 'internal_error') return { refusal: error };
    throw error;
  }
}

function storedAnswer(answer: StoredAnswer): CommandAnswer {
  if (answer.ok) return { result: answer.result };
  return { refusal: new SluiceError(answer.error.code, answer.error.message) };
}

export function answerTo({ name }: SessionRequest, result: unknown): PlainAnswer {
  const status = resultStatus(name);
  return status === 204 ? { status, headers: {}, body: null } : jsonAnswer(result, status);
}

type SocketAnswer = { type: 'ack'; result: unknown } | { type: 'reject'; error: ErrorView };

/** Of a command that came by a socket: once it is there. */
export function sendAnswer(answer: CommandAnswer, send: (answer: SocketAnswer) => void): void {
  const acknowledge = (result: unknown): void => send({ type: 'ack', result });
  const reject = (error: unknown): void => send({ type: 'reject', error: toSluiceError(error).view });
  if ('refusal' in answer) reject(answer.refusal);
  else if ('result' in answer) acknowledge(answer.result);
  else void answer.later.then(acknowledge, reject);
}
