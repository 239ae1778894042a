/** What was tried and what got through, by attack. */
import { table } from '../harness.ts';

/** So many lines are printed of each attack. */
const MAX_PRINTED = 20;

export class Report {
  readonly name: string;
  /** Fewer tries than this are no proof. */
  atLeast: number;
  tried = 0;
  /** Each says with what exactly. */
  readonly through: string[] = [];
  readonly skipped: string[] = [];
  /** Of interest, and no failure. */
  readonly notes: string[] = [];
  seconds = 0;

  constructor(name: string, atLeast: number) {
    this.name = name;
    this.atLeast = atLeast;
  }

  /** Counts one try. @param through what it got; null = nothing */
  attempt(through: string | null = null): void {
    this.tried++;
    if (through !== null) this.through.push(through);
  }

  get isKept(): boolean {
    return this.through.length === 0 && this.tried >= this.atLeast;
  }

  get lines(): string[] {
    const more = this.through.length - MAX_PRINTED;
    return [
      ...this.through.slice(0, MAX_PRINTED).map((what) => `THROUGH ${this.name}: ${what}`),
      ...(more > 0 ? [`THROUGH ${this.name}: and ${more} more`] : []),
      ...(this.tried < this.atLeast
        ? [`FEWER ${this.name}: ${this.tried} were tried, not ${this.atLeast}`]
        : []),
      ...this.skipped.map((what) => `SKIP ${this.name}: ${what}`),
      ...this.notes.map((what) => `NOTE ${this.name}: ${what}`),
    ];
  }
}

export function attackTable(reports: readonly Report[]): string {
  const rows = reports.map(({ name, tried, through, seconds, isKept }) => [
    name,
    String(tried),
    String(through.length),
    seconds.toFixed(0),
    isKept ? 'kept' : 'BROKEN',
  ]);
  return table([['attack', 'tried', 'got through', 's', ''], ...rows]);
}
