/**
 * The engines that run, on disk: one small file each, so that the next start can end what this one left even where
 * there is no /proc to search. A pid alone may have been given to somebody else; with its start time it is a name.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endGroup, statOf } from './group.server.ts';
import { instanceKey } from './instance-key.server.ts';

export interface Ledger {
  /** As `instanceKey`. */
  readonly key: string;
  /** Never throws: a full disk must not stop an engine that the watcher knows anyway. */
  add(pid: number): void;
  remove(pid: number): void;
  /** Ends the groups that an earlier instance wrote down and did not strike out. Returns how many lived. */
  reap(): Promise<number>;
}

/** @throws the file system's own error when the dir cannot be made or written */
export function openLedger(runDir: string): Ledger {
  const engines = join(runDir, 'engines');
  mkdirSync(engines, { recursive: true, mode: 0o700 });
  const fileOf = (pid: number) => join(engines, String(pid));

  return {
    key: instanceKey(runDir),
    add: (pid) => attempt(() => writeFileSync(fileOf(pid), startOf(pid) ?? '', { mode: 0o600 })),
    remove: (pid) => attempt(() => rmSync(fileOf(pid), { force: true })),
    reap: async () => {
      const found = readdirSync(engines).map((name) => {
        const start = readFileSync(join(engines, name), 'latin1');
        return { name, pid: Number(name), start };
      });
      const alive = found.filter(({ pid, start }) => pid > 1 && start !== '' && startOf(pid) === start);
      // All at once: where nobody reaps the dead each takes an eighth of a second, and a server is waited for.
      await Promise.all(alive.map(({ pid }) => endGroup(pid)));
      for (const { name } of found) rmSync(join(engines, name), { force: true });
      return alive.length;
    },
  };
}

function attempt(write: () => void): void {
  try {
    write();
  } catch {
    // See `add`; a line not struck out is checked against the start time before anything is killed.
  }
}

/** When a process started, in words that no other process of that pid will ever share; null = it is not there. */
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
