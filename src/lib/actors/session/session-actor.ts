/**
 * One browser session: a durable object. Its turns (a request, a message, runner events, an alarm, a tick) run one
 * at a time and await nothing but storage; long work is a runner job whose answer is an event of a later turn.
 */
import { CLOSE, type ClientMessage, parseClientMessage } from '../../protocol/channel.ts';
import type { CommandMessage } from '../../protocol/command.ts';
import { type SluiceError, toSluiceError } from '../../protocol/error.ts';
import { jsonAnswer, type PlainAnswer, responseOf } from '../../protocol/answer.ts';
import { problemAnswer } from '../../protocol/problem.ts';
import type { RunnerCommand, RunnerEvent } from '../../protocol/runner.ts';
import type { DownloadRow } from '../download/row.ts';
import type { DurableContext, DurableObject, DurableSocket } from '../durable/types.ts';
import { CommandLog } from './command-log.ts';
import { Commands } from './commands.ts';
import { Deadlines } from './deadlines.ts';
import { Downloads } from './downloads.ts';
import type { SessionEnv } from './env.ts';
import { Feed } from './feed.ts';
import { Listings } from './listings.ts';
import { LiveDownloads, type Parts } from './live.ts';
import { type OnItems, Parses } from './parses.ts';
import { Readers, reply, saidHello } from './readers.ts';
import { Removals } from './removals.ts';
import { readRequest, type SessionRequest } from './requests.ts';
import { RunnerNews } from './runner-news.ts';
import { SessionStore } from './store.ts';

/** A new client gets at most this much of the list; the rest pages in. The contract says 20 kB for the frame. */
const SNAPSHOT_BYTES = 18_000;

export class SessionActor implements DurableObject {
  readonly #ctx: DurableContext;
  readonly #session: string;
  readonly #env: SessionEnv;
  readonly #store: SessionStore;
  readonly #deadlines: Deadlines;
  readonly #log: CommandLog;
  readonly #feed: Feed;
  readonly #readers: Readers;
  readonly #parses: Parses;
  readonly #removals: Removals;
  readonly #live: LiveDownloads;
  readonly #downloads: Downloads;
  readonly #commands: Commands;
  readonly #news: RunnerNews;
  /** Commands to the runner: sent once what they follow from is on disk. */
  #outbox: RunnerCommand[] = [];
  #working: PromiseWithResolvers<void> | null = null;
  #lastTurn: Promise<unknown> = Promise.resolve();
  #isAwake = false;

  constructor(ctx: DurableContext, env: SessionEnv) {
    this.#ctx = ctx;
    this.#session = ctx.id.name ?? ctx.id.toString();
    this.#env = env;
    const tell = (command: RunnerCommand): void => void this.#outbox.push(command);
    const { storage } = ctx;
    const store = new SessionStore(storage);
    this.#store = store;
    this.#deadlines = new Deadlines(storage);
    this.#log = new CommandLog(storage);
    this.#feed = new Feed(() => env.newId());
    this.#removals = new Removals(storage, tell);
    this.#parses = new Parses(tell);
    const parts: Parts = {
      session: this.#session,
      env,
      store,
      deadlines: this.#deadlines,
      feed: this.#feed,
      removals: this.#removals,
      tell,
    };
    this.#live = new LiveDownloads(parts, () => void this.#turn(async () => this.#live.tick()));
    const listings = new Listings(store, this.#live);
    this.#downloads = new Downloads(parts, this.#live, listings);
    this.#commands = new Commands({
      env,
      log: this.#log,
      downloads: this.#downloads,
      listings,
      parses: this.#parses,
    });
    this.#news = new RunnerNews(parts, this.#live);
    this.#readers = new Readers(ctx, this.#feed, async () => ({
      ...(await listings.newest(SNAPSHOT_BYTES)),
      totals: this.#live.totals,
    }));
    const waking = this.#turn(async () => {
      await this.#log.prune(env.clock.now());
      await this.#downloads.wake();
      this.#feed.startWith(this.#live.totals);
    }).then(() => {
      this.#isAwake = true;
    });
    void ctx.blockConcurrencyWhile(() => waking);
  }

  /** The HTTP calls of the contract, with paths below `/api`. */
  async fetch(request: Request): Promise<Response> {
    const { method } = request;
    const { pathname, search } = new URL(request.url);
    const body = method === 'POST' ? await request.text() : '';
    return responseOf(await this.ask(method, pathname.replace(/^\/api(?=\/)/, ''), search, body));
  }

  /**
   * The same as plain data, for an edge in the same process: neither Request nor Response, and a turn that ends where
   * it began, as no body is waited for (bench/adds).
   * @param path below `/api`
   * @param query with or without its `?`
   * @param asker by what `abandon` knows who waits for it
   */
  async ask(
    method: string,
    path: string,
    query: string,
    body: string,
    asker: string | null = null,
  ): Promise<PlainAnswer> {
    try {
      const asked = readRequest(method, path, new URLSearchParams(query), body);
      const outcome = await this.#turn(() => this.#commands.answer(asked, asker));
      const result = 'later' in outcome ? await outcome.later : outcome.result;
      return asked.ask === 'remove'
        ? { status: 204, headers: {}, body: null }
        : jsonAnswer(result, statusOf(asked));
    } catch (error) {
      return problemAnswer(error);
    }
  }

  /** Nobody waits for the answers to `asker` any more: parses end. */
  async abandon(asker: string): Promise<void> {
    await this.#turn(async () => this.#parses.abandon(asker));
  }

  async webSocketMessage(socket: DurableSocket, text: string | ArrayBuffer): Promise<void> {
    let message: ClientMessage;
    try {
      message = parseClientMessage(typeof text === 'string' ? text : '');
    } catch (error) {
      return refuse(socket, text, toSluiceError(error));
    }
    if (message.type === 'hello')
      return this.#turn(() => this.#readers.hello(socket, message, this.#env.clock.now()));
    if (!saidHello(socket)) return socket.close(CLOSE.policy, 'hello comes first');
    await this.#command(socket, message);
  }

  async webSocketClose(socket: DurableSocket): Promise<void> {
    await this.#turn(async () => this.#parses.abandon(socket));
  }

  async alarm(): Promise<void> {
    await this.#turn(async () => {
      for (const name of await this.#deadlines.take(this.#env.clock.now())) await this.#downloads.due(name);
    });
  }

  /** Called by the host with what the runner has to say. */
  async runnerEvents(events: RunnerEvent[]): Promise<void> {
    await this.#turn(async () => {
      for (const event of events) {
        if ('job' in event) this.#parses.hear(event);
        else await this.#news.hear(event);
      }
    });
  }

  /** What there is to explain a download by: its row, and the last 4 kB that its engine printed. null = not here. */
  async explain(id: string): Promise<{ row: DownloadRow; output: string | null } | null> {
    return this.#turn(async () => {
      const row = this.#live.find(id)?.row ?? (await this.#store.get(id));
      return row === null ? null : { row, output: await this.#store.outputOf(id) };
    });
  }

  /** Called by the host at its start: constructing the actor has done all there is to do. */
  wake(): void {}

  async #command(socket: DurableSocket, message: CommandMessage): Promise<void> {
    const { id } = message;
    const onItems: OnItems = (engine, items) => reply(socket, { type: 'items', id, engine, items });
    try {
      const outcome = await this.#turn(() => this.#commands.answerMessage(message, socket, onItems));
      const result = 'later' in outcome ? await outcome.later : outcome.result;
      reply(socket, { type: 'ack', id, result });
    } catch (error) {
      reply(socket, { type: 'reject', id, error: toSluiceError(error).view });
    }
  }

  /**
   * Runs one turn alone, then stores and tells what came of it. Turns queue here as well as in the host's mailbox:
   * a request whose body had to be awaited, and the end of a throttle window, do not come through that.
   */
  #turn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(() => this.#runTurn(work));
    this.#lastTurn = turn.catch(() => {});
    return turn;
  }

  async #runTurn<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      // Also after a refusal, which is an answer and no crash: what the turn did before it stands.
      await this.#settle();
    }
  }

  async #settle(): Promise<void> {
    try {
      await this.#live.settle();
      this.#feed.totals(this.#live.totals);
      // Who fell behind is looked at again when the next window ends.
      if (await this.#readers.publish(this.#env.clock.now())) this.#live.stir();
    } catch (error) {
      // Memory and storage may disagree now: forget memory, the next event starts from storage. A waking that fails
      // is forgotten by the host, which tells whoever asked why.
      if (this.#isAwake) this.#ctx.abort(String(error));
      throw error;
    }
    this.#send();
    this.#stayWhileWorking();
  }

  /** Runner commands are effects that no rollback takes back: they leave after the commit. */
  #send(): void {
    if (this.#outbox.length === 0) return;
    const commands = this.#outbox;
    this.#outbox = [];
    this.#ctx.waitUntil(
      this.#ctx.storage.sync().then(() => {
        for (const command of commands) this.#env.runner.send(this.#session, command);
      }),
    );
  }

  #stayWhileWorking(): void {
    const working = this.#live.size > 0 || this.#removals.busy || this.#parses.busy;
    if (working && this.#working === null) {
      this.#working = Promise.withResolvers<void>();
      this.#ctx.waitUntil(this.#working.promise);
    } else if (!working && this.#working !== null) {
      this.#working.resolve();
      this.#working = null;
    }
  }
}

function statusOf({ ask }: SessionRequest): number {
  return ['parse', 'list', 'show', 'file'].includes(ask) ? 200 : 202;
}

/** Junk that names a command is rejected by its id; junk that does not ends the conversation. */
function refuse(socket: DurableSocket, text: string | ArrayBuffer, error: SluiceError): void {
  const id = typeof text === 'string' ? /"id"\s*:\s*"([\w.:-]{1,64})"/.exec(text)?.[1] : undefined;
  if (error.code === 'invalid_json' || id === undefined) return socket.close(CLOSE.policy, error.code);
  reply(socket, { type: 'reject', id, error: error.view });
}
