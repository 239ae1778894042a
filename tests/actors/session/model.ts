/** A model of a session, without actors, storage or time: the rules of the contract. */
import type { Action } from '#lib/protocol/actions.ts';
import type { DownloadState } from '#lib/protocol/download.ts';

export type Step =
  | { do: 'add' }
  | { do: Action | 'remove'; pick: number }
  | { do: 'begin' | 'done' | 'fail' | 'break'; pick: number };

interface Row {
  id: string;
  state: DownloadState;
  attempt: number;
  /** Whether the runner has a job for it. */
  placed: boolean;
}

const ALLOWED: Record<Action, readonly DownloadState[]> = {
  pause: ['queued', 'parse', 'download', 'finish', 'waiting'],
  resume: ['paused', 'waiting'],
  cancel: ['queued', 'parse', 'download', 'finish', 'waiting', 'paused'],
  retry: ['error', 'cancelled'],
};

export type Expected =
  { ok: true; state: DownloadState | null } | { ok: false; code: 'wrong_state' | 'not_found' };

export class SessionModel {
  readonly rows: Row[] = [];
  readonly removed: string[] = [];
  readonly #places: number;

  constructor(places: number) {
    this.#places = places;
  }

  /** Existing and removed ids, from which steps pick. */
  get ids(): string[] {
    return [...this.rows.map(({ id }) => id), ...this.removed];
  }

  add(id: string): void {
    this.rows.push({ id, state: 'queued', attempt: 1, placed: false });
    this.#fill();
  }

  act(action: Action, id: string): Expected {
    const row = this.rows.find((each) => each.id === id);
    if (!row) return { ok: false, code: 'not_found' };
    if (!ALLOWED[action].includes(row.state)) return { ok: false, code: 'wrong_state' };
    if (action === 'retry' || (action !== 'cancel' && row.state === 'waiting')) row.attempt++;
    row.state = action === 'pause' ? 'paused' : action === 'cancel' ? 'cancelled' : 'queued';
    row.placed = false;
    const { state } = row;
    this.#fill();
    return { ok: true, state };
  }

  remove(id: string): Expected {
    const at = this.rows.findIndex((row) => row.id === id);
    if (at < 0) return { ok: false, code: 'not_found' };
    this.rows.splice(at, 1);
    this.removed.push(id);
    this.#fill();
    return { ok: true, state: null };
  }

  /** An event of the runner about the current attempt. */
  news(what: 'begin' | 'done' | 'fail' | 'break', id: string): void {
    const row = this.rows.find((each) => each.id === id);
    if (!row) return;
    if (row.placed) {
      if (what === 'begin') {
        row.state = 'download';
        return;
      }
      row.placed = false;
      row.state = what === 'done' ? 'complete' : what === 'fail' ? 'error' : 'waiting';
    } else if (what === 'done' && ['paused', 'queued'].includes(row.state)) {
      row.state = 'complete';
    }
    this.#fill();
  }

  #fill(): void {
    let free = this.#places - this.rows.filter(({ placed }) => placed).length;
    for (const row of this.rows) {
      if (free <= 0) break;
      if (row.state !== 'queued' || row.placed) continue;
      row.placed = true;
      free--;
    }
  }
}
