/**
 * One client that inspects: what it asked for, what it may see, and how far it has read. It is served in batches, on
 * a timer; while its socket is full it gets nothing and loses log entries, which are counted, and nobody waits for it.
 */
import type { InspectorServerMessage, Observation, EntityId } from '../protocol/inspection.ts';
import type { Census } from './census.ts';
import type { Watch } from './client-message.ts';
import { Describer } from './describe.ts';
import type { Hub } from './hub.ts';
import { isRoutine, type Noted } from './note.ts';

/** Unsent bytes past which a client gets nothing more for now. Source: design, facts about ws. */
const HIGH_WATER_BYTES = 256 * 1024;
/** Entries of one batch: a thousand a second is more than anybody reads, and bounds what one reader can cost. */
const MOST_ENTRIES = 250;

export interface ReaderWire {
  readonly bufferedAmount: number;
  send(text: string): void;
}

export interface ReaderOptions {
  hub: Hub;
  census: Census;
  wire: ReaderWire;
  /** Null = the operator: everything. */
  session: string | null;
}

export class Reader {
  readonly session: string | null;
  readonly #hub: Hub;
  readonly #census: Census;
  readonly #wire: ReaderWire;
  #describer = new Describer();
  #watch: Watch | null = null;
  /** Number of the next entry to look at. */
  #next = 0;
  /** It was too slow for so many. */
  #dropped = 0;
  /** So many were left out, however fast it is. */
  #omitted = 0;
  /** What the hub had skipped when this reader last looked. */
  #skipped = 0;
  /** What it knows of the tree: up to this revision; null = nothing. */
  #revision: number | null = null;

  constructor({ hub, census, wire, session }: ReaderOptions) {
    this.#hub = hub;
    this.#census = census;
    this.#wire = wire;
    this.session = session;
  }

  /** The one actor it looks at; null = at all. */
  get actor(): EntityId | null {
    return this.#watch?.actor ?? null;
  }

  watch(watch: Watch): void {
    this.#watch = watch;
    this.#next = this.#startOf(watch);
    this.#dropped = 0;
    this.#omitted = 0;
    this.#skipped = this.#hub.skipped;
    this.#revision = null;
    // What it was told before, it may have put away.
    this.#describer = new Describer();
  }

  send(message: InspectorServerMessage): void {
    this.#wire.send(JSON.stringify(message));
  }

  /** Sends what has gathered. */
  flush(): void {
    const watch = this.#watch;
    if (watch === null) return;
    if (this.#wire.bufferedAmount > HIGH_WATER_BYTES) {
      this.#dropped += this.#take(watch).length;
      return;
    }
    this.#sendTree(watch);
    this.#sendLog(watch);
  }

  #startOf({ since }: Watch): number {
    const { oldest, next } = this.#hub;
    // A number from an earlier process may be ahead of ours: then there is nothing to catch up with.
    if (since === undefined || since >= next) return next;
    // Who has read nothing yet has missed nothing of what is no longer kept.
    return since === 0 ? oldest : since + 1;
  }

  /** What is there of the log and may be seen, on from where it was. */
  #take(watch: Watch): Noted[] {
    // What the ring has lost meanwhile cannot be told from what this reader would not have seen: it is counted.
    this.#dropped += Math.max(0, this.#hub.oldest - this.#next);
    const taken: Noted[] = [];
    for (const noted of this.#hub.since(this.#next)) if (this.#wants(noted, watch)) taken.push(noted);
    this.#next = this.#hub.next;
    // Not counted for whom nothing was skipped, nor told to whom it was not to be shown.
    if (this.session === null && watch.actor === undefined)
      this.#omitted += this.#hub.skipped - this.#skipped;
    this.#skipped = this.#hub.skipped;
    return taken;
  }

  #sendLog(watch: Watch): void {
    const taken = this.#take(watch);
    const kept = bounded(taken);
    this.#omitted += taken.length - kept.length;
    if (kept.length === 0 && this.#dropped === 0 && this.#omitted === 0) return;
    const entries: Observation[] = kept.map((noted) => this.#describer.of(noted, this.session));
    const omitted = this.#omitted === 0 ? {} : { omitted: this.#omitted };
    this.send({ type: 'log', dropped: this.#dropped, ...omitted, entries });
    this.#dropped = 0;
    this.#omitted = 0;
  }

  #sendTree({ session }: Watch): void {
    const { revision } = this.#census;
    if (this.#revision === revision) return;
    const { whole, set, gone } = this.#census.since(this.#revision, this.session ?? session ?? null);
    this.#revision = revision;
    if (whole || set.length > 0 || gone.length > 0) this.send({ type: 'actors', whole, set, gone });
  }

  #wants(noted: Noted, { kinds, actor, session }: Watch): boolean {
    if (!maySee(noted, this.session)) return false;
    if (kinds !== undefined && !kinds.has(noted.note.kind)) return false;
    if (session !== undefined && noted.session !== session) return false;
    return actor === undefined || concerns(noted, actor);
  }
}

/** Nobody but the operator is shown what is not his own session's. */
export function maySee({ session, note }: Noted, reader: string | null): boolean {
  if (reader === null || session === reader) return true;
  return note.kind === 'commit' && note.sessions.includes(reader);
}

export function concerns({ about, also, note }: Noted, actor: EntityId): boolean {
  return about === actor || also === actor || ('from' in note && note.from === actor);
}

/** As many as one batch may hold: the routine of running downloads goes first, then the oldest. */
function bounded(taken: Noted[]): Noted[] {
  if (taken.length <= MOST_ENTRIES) return taken;
  const telling = taken.filter(({ note }) => !isRoutine(note));
  const room = MOST_ENTRIES - telling.length;
  if (room <= 0) return telling.slice(-MOST_ENTRIES);
  const routine = new Set(taken.filter(({ note }) => isRoutine(note)).slice(-room));
  return taken.filter((noted) => !isRoutine(noted.note) || routine.has(noted));
}
