/**
 * The running engines on disk, one small file each: the next start can end those that are left, even where there is no
 * /proc to search. Pids are reused, so the start time is stored with each.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endGroup, statOf } from './process-group.server.ts';
import { instanceKey } from './instance-key.server.ts';

export interface Ledger {
  /** As `instanceKey`. */
  readonly key: string;
  /** Never throws: on a full disk the watcher still knows the engine. */
  add(pid: number): void;
  remove(pid: number): void;
  /** Ends the groups that an earlier server added and did not remove. @returns how many were alive */
  reap(): Promise<number>;
}

/** @throws the file system's own error when the dir cannot be created or written */
export function openLedger(runDir: string): Ledger {
  const engines = join(runDir, 'engines');
  mkdirSync(engines, { recursive: true, mode: 0o700 });
  const fileOf = (pid: number) => join(engines, String(pid));

  return {
    key: instanceKey(runDir),
    add: (pid) => ignoreErrors(() => writeFileSync(fileOf(pid), startOf(pid) ?? '', { mode: 0o600 })),
    remove: (pid) => ignoreErrors(() => rmSync(fileOf(pid), { force: true })),
    reap: async () => {
      const found = readdirSync(engines).map((name) => {
        const start = readFileSync(join(engines, name), 'latin1');
        return { name, pid: Number(name), start };
      });
      const alive = found.filter(({ pid, start }) => pid > 1 && start !== '' && startOf(pid) === start);
      // In parallel: where nothing reaps zombies each takes an eighth of a second of the server's start.
      await Promise.all(alive.map(({ pid }) => endGroup(pid)));
      for (const { name } of found) rmSync(join(engines, name), { force: true });
      return alive.length;
    },
  };
}

function ignoreErrors(write: () => void): void {
  try {
    write();
  } catch {
    // See `add`; an entry that was not removed is checked against the start time before anything is killed.
  }
}

/** The start time as text, unique for this pid, across reboots too; null = no such process. */
function startOf(pid: number): string | null {
  const stat = statOf(pid);
  if (stat !== null) return `${bootId()}:${stat.startTicks}`;
  if (process.platform === 'linux') return null;
  const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'latin1' });
  return stdout.trim() || null;
}

let cachedBootId: string | null = null;
function bootId(): string {
  cachedBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return cachedBootId;
}
