/** What `sluice store check` prints. */
import type { CopyReport, DamagedEntry } from '#lib/actors/durable/store-task.server.ts';
import type { SetAsideWorkDir } from '#lib/files/set-aside.server.ts';
import type { StoreReport } from '../server/store-report.ts';
import { formatBytes, printable } from './text.ts';

const KINDS: Record<CopyReport['kind'], string> = {
  daily: 'daily copy',
  small: 'daily copy with under half the values of the one before',
  upgrade: 'before an upgrade',
  damaged: 'a damaged store',
  replaced: 'replaced by a restore or a new store',
};

export function storeLines({ file, store, aside }: StoreReport): string[] {
  const { rows, unchecked, damaged, damagedCount, setAside, problems, copies } = store;
  const older = unchecked === 0 ? '' : `, ${unchecked} of them without a checksum, by an earlier version`;
  return [
    `${file}: ${rows} values${older}`,
    ...(problems.length === 0 ? ['  its form is in order'] : problems.map((line) => `  DAMAGED: ${line}`)),
    damagedCount === 0 ? '  no value is damaged' : `  ${damagedCount} damaged values:`,
    ...damaged.map(entryLine),
    ...(setAside.length === 0 ? [] : [`  ${setAside.length} damaged values were replaced and are kept:`]),
    ...setAside.map(entryLine),
    copies.length === 0 ? 'There is no copy of it.' : 'Copies, the newest first:',
    ...copies.map(copyLine),
    aside.length === 0
      ? 'No work folder is set aside.'
      : 'Work folders that belong to no stored download, kept for 30 days:',
    ...aside.map(asideLine),
  ].map(printable);
}

/** Whether there is something that a person should look at. */
export function isInOrder({ store }: StoreReport): boolean {
  return store.problems.length === 0 && store.damagedCount === 0;
}

function entryLine({ class: className, id, key }: DamagedEntry): string {
  return `    ${className} ${id} ${key}`;
}

function copyLine({ name, at, rows, bytes, kind, problem }: CopyReport): string {
  const holds = rows === null ? `cannot be used: ${problem}` : `${rows} values`;
  return `  ${name}  ${at}  ${formatBytes(bytes)}  ${holds}  (${KINDS[kind]})`;
}

function asideLine({ path, bytes, session, since, until }: SetAsideWorkDir): string {
  const [from, to] = [since, until].map((at) => new Date(at).toISOString().slice(0, 10));
  return `  ${path}  ${formatBytes(bytes)}  since ${from}, until ${to}  (session ${session})`;
}
