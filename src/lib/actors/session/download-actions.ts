/** The commands on a session's downloads, and what happens when it wakes. Called inside turns only. */
import type { Action } from '../../protocol/actions.ts';
import type { CommandFields } from '../../protocol/commands.ts';
import type { DownloadState, DownloadView } from '../../protocol/download.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { FoundOn } from '../../protocol/runner.ts';
import { newRow } from '../download/row.ts';
import { viewOf } from '../download/view.ts';
import type { DueDeadline } from './deadlines.ts';
import type { Listings } from './listings.ts';
import type { LiveDownloads, SessionParts } from './live-downloads.ts';
import { REMOVALS_DEADLINE } from './removals.ts';
import { VISIT_OVER } from './visits.ts';

/** Unfinished downloads of a session; more adds are refused with `too_many_requests`. */
export const MAX_OPEN = 25_000;
/** Of a stored row without its texts, and of its keys. */
const ROW_BYTES = 600;
/** States in which a download goes on by itself. */
const PROGRESSING: readonly DownloadState[] = ['queued', 'parse', 'download', 'finish', 'waiting'];
/** How far creation times may be ahead of the clock: a thousand adds in one ms. */
const MAX_AHEAD_MS = 1_000;

export class DownloadActions {
  readonly #parts: SessionParts;
  readonly #live: LiveDownloads;
  readonly #listings: Listings;
  /** ms since 1970. */
  #lastCreation = 0;

  constructor(parts: SessionParts, live: LiveDownloads, listings: Listings) {
    this.#parts = parts;
    this.#live = live;
    this.#listings = listings;
  }

  /** After a start or an eviction: sends the runner's jobs again. */
  restore(): void {
    const { session, env, store, removals, send } = this.#parts;
    store.load(env.clock.now());
    const aside = new Set(env.blamedDownloads?.(session));
    const active: string[] = [];
    for (const state of ['finish', 'download', 'parse'] as const) {
      const count = store.counts[state];
      if (count > 0) active.push(...store.oldest(state, count).map(({ id }) => id));
    }
    const rows = store.indexedRows(active.filter((id) => !aside.has(id)));
    // One that turned out to be damaged has ended.
    const progressing = rows.filter(({ state }) => PROGRESSING.includes(state));
    const children = progressing.map((row) => this.#live.revive(row));
    send({ type: 'want', jobs: this.#live.jobs });
    for (const child of children) this.#live.run(child, 'wake');
    this.#failBlamed([...aside]);
    removals.askAgain();
  }

  /** Fails the downloads that the watchdog blames, unless they are stopped already. */
  #failBlamed(ids: string[]): void {
    const { env, store } = this.#parts;
    const { view: error } = new SluiceError('server_blocked');
    const event = { type: 'setAside', error, at: env.clock.now(), cause: 'watchdog' } as const;
    for (const row of store.rowsOf(ids)) {
      if (PROGRESSING.includes(row.state)) this.#live.send(this.#live.revive(row), event);
    }
  }

  /**
   * @returns the new download's id
   * @throws SluiceError what `checkUrl`, `checkRoom` and `countAdd` throw, and `too_many_requests`
   */
  add(body: CommandFields<'add'>, cause: string): string {
    const { env, session, store, feed } = this.#parts;
    const url = env.checkUrl(body.url, session);
    env.checkRoom();
    const { active, queued } = this.#live.totals;
    if (active + queued >= MAX_OPEN) {
      throw new SluiceError(
        'too_many_requests',
        `${MAX_OPEN} downloads of this session are unfinished already.`,
      );
    }
    const foundOn = env.foundOn?.(url, session) ?? null;
    env.countAdd?.(store.owner, lengthOf(body, foundOn), store.own?.limits.addsPerDay ?? null);
    const [id, n, at] = [env.newId(), store.takeOrderNumber(), this.#nextCreation()];
    const row = newRow(id, n, { ...body, url }, at, cause, foundOn);
    store.save(row, null);
    feed.update(viewOf(row));
    feed.forget(row.id);
    return row.id;
  }

  /** At least a ms after the last one, so that sorting by it keeps the order of adding. */
  #nextCreation(): number {
    const now = this.#parts.env.clock.now();
    this.#lastCreation = Math.max(now, Math.min(this.#lastCreation + 1, now + MAX_AHEAD_MS));
    return this.#lastCreation;
  }

  /** @throws SluiceError `not_found`, `wrong_state`, `row_damaged` */
  act(action: Action, id: string, cause: string): DownloadView {
    const row = this.#listings.row(id);
    if (row.error?.code === 'row_damaged') throw new SluiceError('row_damaged');
    const event = { type: action, at: this.#parts.env.clock.now(), cause } as const;
    // Complete: an actor made from its row would end at once.
    const child = row.state === 'complete' ? null : this.#live.revive(row);
    if (!child?.can(event)) {
      const { state } = row;
      throw new SluiceError('wrong_state', `A download in state ${state} cannot be told to ${action}.`);
    }
    this.#live.send(child, event);
    // A pending removal would delete the bytes of a new attempt.
    if (action === 'retry') this.#parts.removals.forget(id);
    return this.#live.view(child);
  }

  /**
   * @returns resolves when its job has ended and its bytes are removed
   * @throws SluiceError `not_found`; as a rejection `removal_waits`
   */
  remove(id: string, file: 'keep' | 'delete'): Promise<void> {
    const { store, feed, removals } = this.#parts;
    const row = this.#live.find(id)?.saved ?? this.#listings.row(id);
    this.#live.drop(id);
    store.remove(row);
    feed.remove(id);
    return removals.begin(id, file === 'keep' && row.file !== null ? 'keep' : row.file);
  }

  /**
   * A deadline is due.
   * @param setFor as it was set, ms since 1970: later than now where the clock was set back
   */
  due({ name, setFor }: DueDeadline): void {
    if (name === 'lease') return this.#live.leaseDue();
    if (name === 'network') return;
    if (name === VISIT_OVER) return this.#live.visits.over();
    if (name === REMOVALS_DEADLINE) return this.#parts.removals.askAgain();
    const row = this.#parts.store.get(name.slice(name.indexOf(':') + 1));
    const at = this.#parts.env.clock.now();
    if (row?.state !== 'waiting' || ((row.dueAt ?? 0) > at && row.dueAt !== setFor)) return;
    this.#live.send(this.#live.revive(row), { type: 'due', at, cause: 'alarm' });
  }
}

/** About as many bytes as a row with these texts takes. */
function lengthOf({ url, filename, title }: CommandFields<'add'>, foundOn: FoundOn | null): number {
  const titles = (title?.length ?? 0) + (foundOn?.title?.length ?? 0);
  return ROW_BYTES + url.length + (foundOn?.page.length ?? 0) + 2 * ((filename?.length ?? 0) + titles);
}
