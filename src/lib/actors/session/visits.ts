/** When operators looked into this list, under `vis/TIME/PERSON`: see `protocol/visit.ts`. */
import {
  isActiveVisit,
  type ShownVisit,
  type Visit,
  type VisitChange,
  VISIT_MS,
} from '../../protocol/visit.ts';
import type { DurableKv } from '../durable/types.ts';
import type { Deadlines } from './deadlines.ts';

const VERSION = 1;
const PREFIX = 'vis/';
type StoredVisit = Visit & { v: typeof VERSION };

/** Of the deadline that ends one. */
export const VISIT_OVER = 'visit';
/** The oldest are forgotten. */
const MAX_KEPT = 50;

export class Visits {
  readonly #kv: DurableKv;
  readonly #deadlines: Pick<Deadlines, 'set'>;
  readonly #now: () => number;
  #shown: ShownVisit | null = null;

  constructor(kv: DurableKv, deadlines: Pick<Deadlines, 'set'>, now: () => number) {
    this.#kv = kv;
    this.#deadlines = deadlines;
    this.#now = now;
    this.#show();
  }

  /** The active one, the newest if there are several; null = none. */
  get shown(): ShownVisit | null {
    return this.#shown;
  }

  /** All that are kept, the newest first, after a change. */
  after(change: VisitChange | null): Visit[] {
    if (change?.type === 'begin') this.#begin(change);
    if (change?.type === 'end') this.#end(change);
    this.#show();
    return this.#entries().map(([, visit]) => visit);
  }

  /** The alarm. */
  over(): void {
    for (const [key, visit] of this.#entries())
      if (visit.ended === null && visit.until <= this.#now())
        this.#save(key, { ...visit, ended: { at: visit.until, by: 'time' } });
    this.#show();
  }

  #begin({ person, name }: Extract<VisitChange, { type: 'begin' }>): void {
    const from = this.#now();
    const entries = this.#entries();
    if (entries.some(([, visit]) => visit.person === person && isActiveVisit(visit, this.#now()))) return;
    for (const [key] of entries.slice(MAX_KEPT - 1)) this.#kv.delete(key);
    const until = from + VISIT_MS;
    const key = `${PREFIX}${String(from).padStart(15, '0')}/${person}`;
    this.#save(key, { person, name, from, until, ended: null });
    this.#deadlines.set(VISIT_OVER, until);
  }

  #end({ person, by }: Extract<VisitChange, { type: 'end' }>): void {
    for (const [key, visit] of this.#entries())
      if (isActiveVisit(visit, this.#now()) && (person === null || person === visit.person))
        this.#save(key, { ...visit, ended: { at: this.#now(), by } });
  }

  #show(): void {
    const [, active] = this.#entries().find(([, visit]) => isActiveVisit(visit, this.#now())) ?? [];
    this.#shown =
      active === undefined ? null : { name: active.name, until: new Date(active.until).toISOString() };
  }

  #save(key: string, visit: Visit): void {
    this.#kv.put(key, { v: VERSION, ...visit } satisfies StoredVisit);
  }

  #entries(): [key: string, visit: Visit][] {
    const stored = [...this.#kv.list<StoredVisit>({ prefix: PREFIX, reverse: true })];
    return stored.map(([key, { v: _, ...visit }]) => [key, visit]);
  }
}
