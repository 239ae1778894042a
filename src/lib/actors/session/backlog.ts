/**
 * Runner events that wait for their turn. A turn handles no more of them than it can store: at most 100 values,
 * including what the end of the turn writes.
 */
import type { RunnerEvent } from '../../protocol/runner.ts';

/** Changes of downloads in one turn: each is up to five writes (output, row, index, counts). */
const CHANGES = 12;
/** Downloads of one `found` event in one turn: each is one write at most. `reachable` takes a turn of its own too. */
const FOUND = 40;

export class Backlog {
  #events: RunnerEvent[] = [];

  get isEmpty(): boolean {
    return this.#events.length === 0;
  }

  push(events: readonly RunnerEvent[]): void {
    for (const event of events) {
      if (event.type === 'found') this.#pushFound(event.downloads);
      else this.#events.push(event);
    }
  }

  #pushFound(downloads: readonly string[]): void {
    for (let at = 0; at < downloads.length; at += FOUND) {
      this.#events.push({ type: 'found', downloads: downloads.slice(at, at + FOUND) });
    }
  }

  /** The events of the next turn, oldest first. */
  take(): RunnerEvent[] {
    let changes = 0;
    const end = this.#events.findIndex((event) => {
      changes += changesOf(event);
      return changes > CHANGES;
    });
    const taken = end < 0 ? this.#events : this.#events.slice(0, end);
    this.#events = end < 0 ? [] : this.#events.slice(end);
    return taken;
  }
}

function changesOf({ type }: RunnerEvent): number {
  if (type === 'found' || type === 'reachable') return CHANGES;
  // Progress is stored by checkpoints, and parses are not stored.
  return type === 'sample' || type === 'jobs' || type.startsWith('parse') ? 0 : 1;
}
