/**
 * Changes for the session's readers: they are collected and sent as one frame to all, each with a seq one higher; the
 * newest frames are kept, so that a reader that reconnects gets exactly the missed ones.
 */
import type { Change, Update } from '../../protocol/channel.ts';
import type { DownloadView, Totals } from '../../protocol/download.ts';

/** A reader that was disconnected for longer gets a snapshot. */
const RING_MS = 120_000;
/** A reader that missed more gets a snapshot: its 20 kB are cheaper then. */
const RING_CHARACTERS = 256 * 1024;
/** Changed rows without a reader: with more, the next reader gets a snapshot. */
const MAX_UNREAD = 500;

interface Frame {
  seq: number;
  at: number;
  text: string;
}

export class Feed {
  readonly #newEpoch: () => string;
  #epoch: string;
  #seq = 0;
  /** The views last sent, of rows that may change soon. */
  readonly #lastSent = new Map<string, DownloadView>();
  readonly #changes = new Map<string, Change>();
  #totals: Totals | null = null;
  #lastSentTotals = '';
  readonly #ring: Frame[] = [];
  #ringCharacters = 0;

  constructor(newEpoch: () => string) {
    this.#newEpoch = newEpoch;
    this.#epoch = newEpoch();
  }

  /** New with each activation of the actor; a seq is valid in its epoch only. */
  get epoch(): string {
    return this.#epoch;
  }

  get seq(): number {
    return this.#seq;
  }

  get dirty(): boolean {
    return this.#changes.size > 0 || this.#totals !== null;
  }

  /** Records the current view of a row; only the difference to the last sent one will be sent. */
  update(view: DownloadView): void {
    const lastSent = this.#lastSent.get(view.id);
    this.#lastSent.set(view.id, view);
    const change = lastSent ? difference(lastSent, view) : view;
    if (change === null) return;
    const waiting = this.#changes.get(view.id);
    this.#changes.set(view.id, waiting && !('deleted' in waiting) ? { ...waiting, ...change } : change);
    if (this.#changes.size > MAX_UNREAD) this.#startOver();
  }

  /** Drops the last sent view of a row that is not expected to change, to save memory. */
  forget(id: string): void {
    this.#lastSent.delete(id);
  }

  remove(id: string): void {
    this.#lastSent.delete(id);
    this.#changes.set(id, { id, deleted: true });
  }

  /** Sets the initial counts, which readers get with their snapshots. */
  startWith(totals: Totals): void {
    this.#lastSentTotals = countsOf(totals);
  }

  /** Sent only when a count, the network or a visit changed; a new speed alone needs no frame. */
  totals(totals: Totals): void {
    const counts = countsOf(totals);
    if (counts === this.#lastSentTotals) return;
    this.#lastSentTotals = counts;
    this.#totals = totals;
  }

  /** The next frame, or null when nothing changed. */
  flush(now: number): string | null {
    if (!this.dirty) return null;
    const update: Update = { type: 'update', seq: ++this.#seq, changes: [...this.#changes.values()] };
    if (this.#totals) update.totals = this.#totals;
    this.#changes.clear();
    this.#totals = null;
    const text = JSON.stringify(update);
    this.#keep({ seq: this.#seq, at: now, text });
    return text;
  }

  /** The frames after `seq`, or null when some of them are no longer kept. */
  since(epoch: string, seq: number): string[] | null {
    if (epoch !== this.epoch || seq > this.#seq) return null;
    if (seq === this.#seq) return [];
    const first = this.#ring[0];
    if (!first || first.seq > seq + 1) return null;
    return this.#ring.filter((frame) => frame.seq > seq).map((frame) => frame.text);
  }

  #startOver(): void {
    this.#epoch = this.#newEpoch();
    this.#seq = 0;
    this.#changes.clear();
    this.#lastSent.clear();
    this.#ring.length = 0;
    this.#ringCharacters = 0;
  }

  #keep(frame: Frame): void {
    this.#ring.push(frame);
    this.#ringCharacters += frame.text.length;
    let old = this.#ring[0];
    while (old && (old.at < frame.at - RING_MS || this.#ringCharacters > RING_CHARACTERS)) {
      this.#ring.shift();
      this.#ringCharacters -= old.text.length;
      old = this.#ring[0];
    }
  }
}

function countsOf({ active, queued, done, failed, network, visit }: Totals): string {
  const rare = `${network?.since}/${network?.retryAt}/${visit?.until}/${visit?.name}`;
  return `${active}/${queued}/${done}/${failed}/${rare}`;
}

/** `id` and what changed; null when nothing did. Percent and time left follow from the bytes where a total is known. */
function difference(old: DownloadView, view: DownloadView): Change | null {
  const change: Record<string, unknown> = { id: view.id };
  let count = 0;
  for (const field of Object.keys(view) as (keyof DownloadView)[]) {
    if ((field === 'percent' || field === 'etaSeconds') && view.totalBytes !== null) continue;
    if (same(old[field], view[field])) continue;
    change[field] = view[field];
    count++;
  }
  return count === 0 ? null : (change as Change);
}

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  return JSON.stringify(a) === JSON.stringify(b);
}
