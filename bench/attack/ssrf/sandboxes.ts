/** Whether the programs of a server ran in bubblewrap while jobs did. */
import { readdirSync, readFileSync } from 'node:fs';
import type { TestServer } from '../../../tests/support/server.ts';
import type { Report } from '../report.ts';

/** A program runs for a second at least; each look reads the state of every process of the machine. */
const EVERY_MS = 200;

export function watchSandboxes({ pid, log }: TestServer): { report(to: Report): void } {
  const seen = new Set<number>();
  const timer = setInterval(() => {
    const all = processes();
    for (const [each, { name }] of all) if (name === 'bwrap' && descendsFrom(each, pid, all)) seen.add(each);
  }, EVERY_MS);
  return {
    report(to) {
      clearInterval(timer);
      to.notes.push(`${seen.size} processes of bubblewrap were seen below the server`);
      if (log.includes('not fully contained')) to.through.push('engines are not fully contained');
      else if (seen.size === 0) to.through.push('no engine ran in bubblewrap');
    },
  };
}

type Processes = Map<number, { name: string; parent: number }>;

function processes(): Processes {
  const all: Processes = new Map();
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const [, name = '', parent = ''] = /\((.*)\) \S (\d+)/s.exec(stat) ?? [];
      all.set(pid, { name, parent: Number(parent) });
    } catch {
      // It ended meanwhile.
    }
  }
  return all;
}

function descendsFrom(pid: number, ancestor: number, all: Processes): boolean {
  for (let at = all.get(pid)?.parent; at !== undefined && at > 1; at = all.get(at)?.parent)
    if (at === ancestor) return true;
  return false;
}
