/** What a simulated run will meet: made from a seed, and plain data, so that it can be shown, cut down and run again. */
import type { HostMode, Way } from '../net/network.ts';
import type { RemoteFileSpec } from '../net/remote-file.ts';

/** At a time, or at the nth call of a kind from a time on. Times are ms of the world. */
export type When =
  { at: number } | { from: number; syscall: string; path: string; nth: number; side: 'before' | 'after' };

export interface PlannedDownload {
  at: number;
  session: number;
  /** Index of a file. */
  file: number;
  hasSha256: boolean;
  filename: string | null;
}

export interface PlannedAction {
  at: number;
  do: 'pause' | 'resume' | 'cancel' | 'retry' | 'remove' | 'remove-file';
  /** Index of a download. */
  download: number;
}

/** Those with `forMs` end by themselves. */
export type Fault =
  | { kind: 'kill' | 'cut'; when: When; downMs: number }
  | { kind: 'stop'; at: number; downMs: number }
  | { kind: 'network'; way: Way; resets: number; at: number; forMs: number }
  | { kind: 'slow'; factor: number; at: number; forMs: number }
  | { kind: 'host'; host: string; mode: HostMode; resets: number; at: number; forMs: number }
  | { kind: 'resets'; host: string; count: number; at: number }
  | { kind: 'disk'; how: 'full' | 'read-only' | 'denied' | 'io-errors'; at: number; forMs: number }
  /** The device is pulled out: what was not synced is lost. */
  | { kind: 'unplugged'; when: When; forMs: number }
  | { kind: 'failing-sync'; at: number }
  | { kind: 'failing-commit'; at: number }
  /** The work dirs of all downloads are removed by a person. */
  | { kind: 'work-removed'; at: number }
  | { kind: 'clock'; byMs: number; at: number };

export interface Plan {
  seed: number;
  order: 'ordered' | 'weak';
  hasLinks: boolean;
  /** An empty folder lies where the disk is mounted. */
  hasFolderBelow: boolean;
  /** ms that a sync takes at most. */
  syncMs: number;
  maxActive: number;
  maxActivePerSession: number;
  hosts: { name: string; bytesPerMs: number; delayMs: number }[];
  files: RemoteFileSpec[];
  downloads: PlannedDownload[];
  actions: PlannedAction[];
  faults: Fault[];
}

/** When the last of its faults is over. */
export function endOf({ faults, downloads, actions }: Plan): number {
  const ends = faults.map((fault) => {
    const forMs = 'forMs' in fault ? fault.forMs : 0;
    if (!('when' in fault)) return fault.at + forMs;
    return forMs + ('at' in fault.when ? fault.when.at : fault.when.from + 8_000);
  });
  return Math.max(0, ...ends, ...downloads.map(({ at }) => at), ...actions.map(({ at }) => at));
}
