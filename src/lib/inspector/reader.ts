/**
 * One client that inspects: what it asked for, what it may see, and how far it has read. It is served in batches, on
 * a timer; while its socket is full it gets nothing and loses log entries, which are counted, and nobody waits for it.
 */
import type { InspectorServerMessage, Observation, EntityId } from '../protocol/inspection.ts';
import type { ActorTree } from './actor-tree.ts';
import type { WatchFilter } from './client-message.ts';
import { Describer } from './describe.ts';
import type { Hub } from './hub.ts';
import { isRoutine, type ObservationRecord } from './record.ts';

/** Unsent bytes past which a client gets nothing more for now. Source: design, facts about ws. */
const HIGH_WATER_BYTES = 256 * 1024;
/** Entries of one batch: a thousand a second is more than anybody reads, and bounds what one reader can cost. */
const MAX_BATCH_ENTRIES = 250;

export interface ReaderSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
}

export interface ReaderOptions {
  hub: Hub;
  tree: ActorTree;
  socket: ReaderSocket;
  /** Null = the operator: everything. */
  session: string | null;
}

export class InspectorReader {
  readonly session: string | null;
  readonly #hub: Hub;
  readonly #tree: ActorTree;
  readonly #socket: ReaderSocket;
  #describer = new Describer();
  #filter: WatchFilter | null = null;
  /** Number of the next entry to look at. */
  #nextRecord = 0;
  /** It was too slow for so many. */
  #dropped = 0;
  /** So many were left out, however fast it is. */
  #omitted = 0;
  /** What the hub had skipped when this reader last looked. */
  #skippedBefore = 0;
  /** What it knows of the tree: up to this revision; null = nothing. */
  #revision: number | null = null;

  constructor({ hub, tree, socket, session }: ReaderOptions) {
    this.#hub = hub;
    this.#tree = tree;
    this.#socket = socket;
    this.session = session;
  }

  /** The one actor it looks at; null = at all. */
  get actor(): EntityId | null {
    return this.#filter?.actor ?? null;
  }

  watch(filter: WatchFilter): void {
    this.#filter = filter;
    this.#nextRecord = this.#startOf(filter);
    this.#dropped = 0;
    this.#omitted = 0;
    this.#skippedBefore = this.#hub.skipped;
    this.#revision = null;
    // What it was told before, it may have put away.
    this.#describer = new Describer();
  }

  send(message: InspectorServerMessage): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** Sends what has gathered. */
  flush(): void {
    const filter = this.#filter;
    if (filter === null) return;
    if (this.#socket.bufferedAmount > HIGH_WATER_BYTES) {
      this.#dropped += this.#collect(filter).length;
      return;
    }
    this.#sendTree(filter);
    this.#sendLog(filter);
  }

  #startOf({ since }: WatchFilter): number {
    const { oldest, next } = this.#hub;
    // A number from an earlier process may be ahead of ours: then there is nothing to catch up with.
    if (since === undefined || since >= next) return next;
    // Who has read nothing yet has missed nothing of what is no longer kept.
    return since === 0 ? oldest : since + 1;
  }

  /** What is there of the log and may be seen, on from where it was. */
  #collect(filter: WatchFilter): ObservationRecord[] {
    // What the ring has lost meanwhile cannot be told from what this reader would not have seen: it is counted.
    this.#dropped += Math.max(0, this.#hub.oldest - this.#nextRecord);
    const collected: ObservationRecord[] = [];
    for (const record of this.#hub.since(this.#nextRecord))
      if (this.#isWanted(record, filter)) collected.push(record);
    this.#nextRecord = this.#hub.next;
    // Not counted for whom nothing was skipped, nor told to whom it was not to be shown.
    if (this.session === null && filter.actor === undefined)
      this.#omitted += this.#hub.skipped - this.#skippedBefore;
    this.#skippedBefore = this.#hub.skipped;
    return collected;
  }

  #sendLog(filter: WatchFilter): void {
    const collected = this.#collect(filter);
    const kept = limitBatch(collected);
    this.#omitted += collected.length - kept.length;
    if (kept.length === 0 && this.#dropped === 0 && this.#omitted === 0) return;
    const entries: Observation[] = kept.map((record) => this.#describer.describe(record, this.session));
    const omitted = this.#omitted === 0 ? {} : { omitted: this.#omitted };
    this.send({ type: 'log', dropped: this.#dropped, ...omitted, entries });
    this.#dropped = 0;
    this.#omitted = 0;
  }

  #sendTree({ session }: WatchFilter): void {
    const { revision } = this.#tree;
    if (this.#revision === revision) return;
    const { whole, set, gone } = this.#tree.changesSince(this.#revision, this.session ?? session ?? null);
    this.#revision = revision;
    if (whole || set.length > 0 || gone.length > 0) this.send({ type: 'actors', whole, set, gone });
  }

  #isWanted(record: ObservationRecord, { kinds, actor, session }: WatchFilter): boolean {
    if (!maySee(record, this.session)) return false;
    if (kinds !== undefined && !kinds.has(record.body.kind)) return false;
    if (session !== undefined && record.session !== session) return false;
    return actor === undefined || involves(record, actor);
  }
}

/** Nobody but the operator is shown what is not his own session's. */
export function maySee({ session, body }: ObservationRecord, reader: string | null): boolean {
  if (reader === null || session === reader) return true;
  return body.kind === 'commit' && body.sessions.includes(reader);
}

export function involves({ about, alsoAbout, body }: ObservationRecord, actor: EntityId): boolean {
  return about === actor || alsoAbout === actor || ('from' in body && body.from === actor);
}

/** As many as one batch may hold: the routine of running downloads goes first, then the oldest. */
function limitBatch(collected: ObservationRecord[]): ObservationRecord[] {
  if (collected.length <= MAX_BATCH_ENTRIES) return collected;
  const telling = collected.filter(({ body }) => !isRoutine(body));
  const room = MAX_BATCH_ENTRIES - telling.length;
  if (room <= 0) return telling.slice(-MAX_BATCH_ENTRIES);
  const routine = new Set(collected.filter(({ body }) => isRoutine(body)).slice(-room));
  return collected.filter((record) => !isRoutine(record.body) || routine.has(record));
}
