/**
 * One browser session: a durable object. Its turns (a request, a message, runner events, an alarm, a tick) are plain
 * functions; long work is a runner job, whose result arrives as an event in a later turn.
 */
import { CLOSE, type ClientMessage, parseClientMessage } from '../../protocol/channel.ts';
import type { CommandMessage } from '../../protocol/commands.ts';
import type { DeviceChange } from '../../protocol/device.ts';
import { SluiceError, toSluiceError } from '../../protocol/error.ts';
import { type PlainAnswer, responseOf } from '../../protocol/answer.ts';
import { paths } from '../../protocol/paths.ts';
import type { ListOwner } from '../../protocol/person-limits.ts';
import { problemAnswer } from '../../protocol/problem.ts';
import { matchRequest, type SessionRequest } from '../../protocol/request.ts';
import type { RunnerCommand, RunnerEvent } from '../../protocol/runner.ts';
import type { SecretChange } from '../../protocol/secret.ts';
import type { Visit, VisitChange } from '../../protocol/visit.ts';
import type { DownloadRow } from '../download/row.ts';
import type { AlarmInfo, DurableContext, DurableObject, DurableSocket } from '../durable/types.ts';
import { Backlog } from './backlog.ts';
import { CommandLog } from './command-log.ts';
import { answerTo, Commands, type CommandAnswer, sendAnswer } from './commands.ts';
import { Deadlines } from './deadlines.ts';
import { type DeviceEntry, Devices } from './devices.ts';
import { secretsAfter, type SecretEntry } from './secrets.ts';
import { DownloadActions } from './download-actions.ts';
import type { SessionEnv } from './env.ts';
import { Feed } from './feed.ts';
import { Listings } from './listings.ts';
import { LiveDownloads, type SessionParts } from './live-downloads.ts';
import { type OnParseUpdate, Parses } from './parses.ts';
import { FeedReaders, rejectMessage, reply, hasSaidHello } from './feed-readers.ts';
import { Removals } from './removals.ts';
import { RunnerEventHandler } from './runner-event-handler.ts';
import { SessionStore } from './store.ts';

export class SessionActor implements DurableObject {
  readonly #ctx: DurableContext;
  readonly #session: string;
  readonly #env: SessionEnv;
  readonly #store: SessionStore;
  readonly #deadlines: Deadlines;
  readonly #log: CommandLog;
  readonly #feed: Feed;
  readonly #readers: FeedReaders;
  readonly #parses: Parses;
  readonly #removals: Removals;
  readonly #live: LiveDownloads;
  readonly #downloads: DownloadActions;
  readonly #commands: Commands;
  readonly #runnerEvents: RunnerEventHandler;
  /** Commands to the runner, sent after the commit. */
  #outbox: RunnerCommand[] = [];
  /** Pending while there is work: keeps the object in memory. */
  #working: PromiseWithResolvers<void> | null = null;
  readonly #backlog = new Backlog();
  /** Set while there is more work than one turn may do; resolves when it is done. */
  #catchingUp: Promise<void> | null = null;
  #isAwake = false;
  /** A turn has thrown: the state in memory is invalid. */
  #isBroken = false;

  constructor(ctx: DurableContext, env: SessionEnv) {
    this.#ctx = ctx;
    this.#session = ctx.id.name ?? ctx.id.toString();
    this.#env = env;
    const send = (command: RunnerCommand): void => void this.#outbox.push(command);
    const { storage } = ctx;
    const store = new SessionStore(storage.kv, () => env.ownerOf?.(this.#session) ?? null);
    const { kv } = store;
    this.#store = store;
    this.#deadlines = new Deadlines({ kv, setAlarm: (at) => storage.setAlarm(at) }, () => env.clock.now());
    this.#log = new CommandLog(kv);
    this.#feed = new Feed(() => env.newId());
    this.#removals = new Removals({ kv, deadlines: this.#deadlines, now: () => env.clock.now(), send });
    this.#parses = new Parses(send, () => store.owner);
    const parts: SessionParts = {
      ...{ session: this.#session, env, kv, store, send },
      ...{ deadlines: this.#deadlines, feed: this.#feed, removals: this.#removals },
    };
    this.#live = new LiveDownloads(parts, () => queueMicrotask(() => this.#tick()));
    const listings = new Listings(store, this.#live);
    this.#downloads = new DownloadActions(parts, this.#live, listings);
    this.#commands = new Commands({
      ...{ session: this.#session, env, log: this.#log, parses: this.#parses },
      ...{ downloads: this.#downloads, listings },
    });
    this.#runnerEvents = new RunnerEventHandler(parts, this.#live);
    this.#readers = new FeedReaders(ctx, this.#feed, () => ({
      ...listings.newest(),
      totals: this.#live.totals,
    }));
    this.#turn(() => {
      this.#log.prune(env.clock.now());
      this.#deadlines.restore();
      this.#downloads.restore();
      this.#feed.startWith(this.#live.totals);
    });
    this.#isAwake = true;
  }

  /** The HTTP API, for hosts whose edge forwards requests; `/api` may be left out. */
  async fetch(request: Request): Promise<Response> {
    try {
      const { pathname, search } = new URL(request.url);
      const isWhole = pathname.startsWith(`${paths.api}/`);
      const matched = matchRequest(request.method, isWhole ? pathname : paths.api + pathname);
      if (matched.by === 'edge') throw new SluiceError('not_found');
      const body = request.method === 'POST' ? await request.text() : '';
      return responseOf(await this.ask(matched.parse(search, body)));
    } catch (error) {
      return responseOf(problemAnswer(error));
    }
  }

  /**
   * The same with plain data, for an edge in the same process: neither Request nor Response, and a turn that ends where
   * it began, as no body is awaited (bench/adds).
   * @param requester identifies the waiting client for `abandon`
   */
  ask(request: SessionRequest, requester: string | null = null): PlainAnswer | Promise<PlainAnswer> {
    const answer = this.#commandTurn(() => this.#commands.answer(request, requester, () => {}));
    if ('refusal' in answer) return problemAnswer(answer.refusal);
    if ('result' in answer) return answerTo(request, answer.result);
    return answer.later.then((result) => answerTo(request, result), problemAnswer);
  }

  /** Ends the parses of a client that disconnected. */
  abandon(requester: string): void {
    this.#turn(() => this.#parses.abandon(requester));
  }

  webSocketMessage(socket: DurableSocket, text: string | ArrayBuffer): void {
    let message: ClientMessage;
    try {
      message = parseClientMessage(typeof text === 'string' ? text : '');
    } catch (error) {
      return rejectMessage(socket, text, toSluiceError(error));
    }
    if (message.type === 'hello')
      return this.#turn(() => this.#readers.hello(socket, message, this.#env.clock.now()));
    if (!hasSaidHello(socket)) return socket.close(CLOSE.policy, 'hello comes first');
    this.#command(socket, message);
  }

  webSocketClose(socket: DurableSocket): void {
    this.#turn(() => this.#parses.abandon(socket));
  }

  alarm(info?: AlarmInfo): void {
    this.#turn(() => this.#deadlines.takeDue(info?.expectedNow).forEach((due) => this.#downloads.due(due)));
  }

  /**
   * Called by the host with the runner's events.
   * @returns resolves when all events are stored, if they are more than one turn can store
   */
  runnerEvents(events: RunnerEvent[]): void | Promise<void> {
    const isFirst = this.#backlog.isEmpty;
    this.#backlog.push(events);
    // Earlier events come first.
    if (isFirst) this.#turn(() => this.#handleSome());
    return this.#backlog.isEmpty ? undefined : (this.#catchingUp ?? undefined);
  }

  #handleSome(): void {
    for (const event of this.#backlog.take()) {
      if ('job' in event) this.#parses.handle(event);
      else this.#runnerEvents.handle(event);
    }
  }

  get #isBehind(): boolean {
    return this.#log.isBehind || !this.#backlog.isEmpty || this.#live.network.isBehind;
  }

  /** Work that is too much for one turn, in slices with a commit between them: a cluster limits the size of commits. */
  async #catchUp(): Promise<void> {
    const { network } = this.#live;
    while (this.#isBehind) {
      await this.#ctx.storage.sync();
      if (network.isScanning) await new Promise<void>((resolve) => this.#env.clock.setTimeout(resolve, 0));
      this.#turn(() => {
        if (!this.#backlog.isEmpty) this.#handleSome();
        else if (network.isReleasing) network.releaseSome();
        else if (this.#log.isBehind) this.#log.prune(this.#env.clock.now());
      });
    }
    this.#catchingUp = null;
  }

  /** A download's row and the last 4 kB of its engine's output; null = unknown id. */
  explain(id: string): { row: DownloadRow; output: string | null } | null {
    const row = this.#live.find(id)?.row ?? this.#store.get(id);
    return row === null ? null : { row, output: this.#store.outputOf(id) };
  }

  /** The devices of this list, after a change to them; null = it cannot be made. */
  devices(change: DeviceChange | null = null): DeviceEntry[] | null {
    return this.#turn(() => new Devices(this.#store.kv).after(change, this.#env.clock.now()));
  }

  /** What this list keeps secret, sealed, after a change to it; null = it cannot be made. */
  secrets(change: SecretChange | null = null): SecretEntry[] | null {
    return this.#turn(() => secretsAfter(this.#store.kv, change));
  }

  /** Whose this list is, and what they may use, from the next download on that begins. */
  ownedBy(owner: ListOwner): void {
    this.#turn(() => this.#store.setOwn(owner));
  }

  /** When operators looked into this list, the newest first, after a change. */
  visits(change: VisitChange | null = null): Visit[] {
    return this.#turn(() => this.#live.visits.after(change));
  }

  /** Called at the start of the server (server/resume.ts); the constructor has done all work. */
  wake(): void {}

  #command(socket: DurableSocket, { type: _, id, ...command }: CommandMessage): void {
    const onNews: OnParseUpdate = (news) => reply(socket, { id, ...news });
    const asked = { ...command, commandId: id };
    const answer = this.#commandTurn(() => this.#commands.answer(asked, socket, onNews));
    sendAnswer(answer, (said) => reply(socket, { id, ...said }));
  }

  /** The end of a throttle interval. It is not an event of the host, so it opens its own turn. */
  #tick(): void {
    try {
      this.#turn(() => this.#live.tick());
    } catch {
      // The reset has reported it, or the timer belongs to an earlier activation.
    }
  }

  /** A command that crashes is answered too: a client without an answer would send it again and again. */
  #commandTurn(work: () => CommandAnswer): CommandAnswer {
    try {
      return this.#turn(work);
    } catch (error) {
      return { refusal: toSluiceError(error) };
    }
  }

  /**
   * One turn: all its writes are stored together, or rolled back. After a rollback, memory is ahead of the storage:
   * the object is reset, and the next event starts from the storage.
   */
  #turn<T>(work: () => T): T {
    if (this.#isBroken) throw new SluiceError('internal_error');
    try {
      const result = this.#ctx.storage.transactionSync(() => {
        const worked = work();
        this.#live.endTurn();
        return worked;
      });
      this.#feed.totals(this.#live.totals);
      // Slow readers are retried at the next tick.
      if (this.#readers.publish(this.#env.clock.now())) this.#live.openThrottle();
      this.#sendCommands();
      this.#stayWhileWorking();
      if (this.#isBehind && this.#catchingUp === null) {
        this.#catchingUp = this.#catchUp();
        // The failure has reset the object, which has reported it.
        this.#ctx.waitUntil(this.#catchingUp.catch(() => undefined));
      }
      return result;
    } catch (error) {
      this.#isBroken = true;
      this.#live.end();
      this.#outbox = [];
      // After the answer. If the constructor throws, the host drops the object and answers its callers.
      if (this.#isAwake) queueMicrotask(() => this.#ctx.abort(String(error)));
      throw error;
    }
  }

  /** Runner commands cannot be rolled back: they are sent after the commit. */
  #sendCommands(): void {
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
