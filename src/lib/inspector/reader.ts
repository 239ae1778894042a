/**
 * One connected client of the inspector: its filter, what it may see, and how far it has read. It is served in batches,
 * on a timer; while its socket is full it gets nothing, and the log entries that it loses are counted.
 */
import type { InspectorServerMessage, Observation, EntityId } from '../protocol/inspection.ts';
import type { ActorTree } from './actor-tree.ts';
import type { WatchFilter } from './client-message.ts';
import { Describer } from './describe.ts';
import type { Hub } from './hub.ts';
import { isRoutine, type ObservationRecord } from './record.ts';

/** Unsent bytes past which a client gets nothing more for now. */
const HIGH_WATER_BYTES = 256 * 1024;
/** 1,000 a second, more than anybody reads; it bounds the cost of a reader. */
const MAX_BATCH_ENTRIES = 250;

export interface ReaderSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
}

interface ReaderOptions {
  hub: Hub;
  tree: ActorTree;
  socket: ReaderSocket;
  /** null = the operator, who sees everything. */
  session: string | null;
}

export class InspectorReader {
  readonly session: string | null;
  readonly #hub: Hub;
  readonly #tree: ActorTree;
  readonly #socket: ReaderSocket;
  #describer = new Describer();
  #filter: WatchFilter | null = null;
  #nextRecord = 0;
  /** Entries lost since the last log message because this reader was too slow. */
  #dropped = 0;
  /** Entries left out since the last log message for other reasons. */
  #omitted = 0;
  /** `skipped` of the hub at the last collect. */
  #skippedBefore = 0;
  /** Revision of the tree that it was sent last; null = none. */
  #revision: number | null = null;

  constructor({ hub, tree, socket, session }: ReaderOptions) {
    this.#hub = hub;
    this.#tree = tree;
    this.#socket = socket;
    this.session = session;
  }

  /** The actor that it selected; null = all. */
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
    // The client may have discarded the contexts that it got before.
    this.#describer = new Describer();
  }

  send(message: InspectorServerMessage): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** Sends everything new, unless the socket is full. */
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
    // A number from an earlier process may be ahead: then there is nothing to catch up with.
    if (since === undefined || since >= next) return next;
    // A new reader has not lost the entries that are no longer kept.
    return since === 0 ? oldest : since + 1;
  }

  /** The records since the last call that this reader may see and asked for. */
  #collect(filter: WatchFilter): ObservationRecord[] {
    // Counts all records that the hub dropped meanwhile, as it cannot tell which ones this reader would have got.
    this.#dropped += Math.max(0, this.#hub.oldest - this.#nextRecord);
    const collected: ObservationRecord[] = [];
    for (const record of this.#hub.since(this.#nextRecord))
      if (this.#isWanted(record, filter)) collected.push(record);
    this.#nextRecord = this.#hub.next;
    // Nothing is skipped for a selected actor, and a session must not learn of the activity of others.
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

/** Only the operator sees other sessions. @param reader the reader's session; null = the operator */
export function maySee({ session, body }: ObservationRecord, reader: string | null): boolean {
  if (reader === null || session === reader) return true;
  return body.kind === 'commit' && body.sessions.includes(reader);
}

export function involves({ about, alsoAbout, body }: ObservationRecord, actor: EntityId): boolean {
  return about === actor || alsoAbout === actor || ('from' in body && body.from === actor);
}

/** Cuts a batch to its limit: leaves out routine records first, then the oldest. */
function limitBatch(collected: ObservationRecord[]): ObservationRecord[] {
  if (collected.length <= MAX_BATCH_ENTRIES) return collected;
  const important = collected.filter(({ body }) => !isRoutine(body));
  const room = MAX_BATCH_ENTRIES - important.length;
  if (room <= 0) return important.slice(-MAX_BATCH_ENTRIES);
  const routine = new Set(collected.filter(({ body }) => isRoutine(body)).slice(-room));
  return collected.filter((record) => !isRoutine(record.body) || routine.has(record));
}
