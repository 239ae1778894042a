/** Remembers what each write replaced, so that the writes of one turn, or one transaction, can be taken back. */
import type { ActorRows, AlarmRow } from './store.ts';

type Step = { key: string; text: string | undefined } | { alarm: AlarmRow | null };

const EVERYTHING = { lower: '', upper: null, reverse: false };

export class Journal {
  readonly rows: ActorRows;
  #steps: Step[] = [];
  /** Transactions that are not over: their writes are undone with ours. */
  #open: Journal[] = [];

  constructor(rows: ActorRows) {
    this.rows = rows;
  }

  /** A journal for one transaction; `absorb` or `drop` ends it. */
  fork(): Journal {
    const journal = new Journal(this.rows);
    this.#open.push(journal);
    return journal;
  }

  get isEmpty(): boolean {
    return this.#steps.length === 0;
  }

  put(key: string, text: string): void {
    const before = this.rows.get(key);
    this.rows.put(key, text);
    this.#steps.push({ key, text: before });
  }

  delete(key: string): boolean {
    const before = this.rows.get(key);
    if (before === undefined) return false;
    this.rows.delete(key);
    this.#steps.push({ key, text: before });
    return true;
  }

  setAlarm(alarm: AlarmRow | null): void {
    const before = this.rows.getAlarm();
    this.rows.setAlarm(alarm);
    this.#steps.push({ alarm: before });
  }

  clear(): void {
    const steps: Step[] = [{ alarm: this.rows.getAlarm() }];
    for (const [key, text] of this.rows.list(EVERYTHING)) steps.push({ key, text });
    this.rows.clear();
    this.#steps.push(...steps);
  }

  /** Puts everything back as it was, newest first. */
  undo(): void {
    for (const journal of this.#open) journal.undo();
    const steps = this.#steps;
    this.#steps = [];
    for (const step of steps.reverse()) {
      if ('alarm' in step) this.rows.setAlarm(step.alarm);
      else if (step.text === undefined) this.rows.delete(step.key);
      else this.rows.put(step.key, step.text);
    }
  }

  /** The writes stand. */
  forget(): void {
    if (this.#steps.length > 0) this.#steps = [];
  }

  /** The transaction holds: its writes are now ours. */
  absorb(journal: Journal): void {
    this.drop(journal);
    for (const step of journal.#steps) this.#steps.push(step);
  }

  /** The transaction is over and undone. */
  drop(journal: Journal): void {
    this.#open = this.#open.filter((other) => other !== journal);
  }
}
