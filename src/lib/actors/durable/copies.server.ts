/** Copies of a store, made beside it: before an upgrade, of a damaged one, and each day. */
import fs from 'node:fs';
import path from 'node:path';

/** The copy made before the upgrade from version `from`. */
export function upgradeCopyOf(file: string, from: number): string {
  return `${file}.v${from}.backup`;
}

/** The copy of the last day: `daily-copy.server.ts`. */
export function dailyCopyOf(file: string): string {
  return `${file}.daily.backup`;
}

/** The daily copy that a newer one has replaced. */
export function olderDailyCopyOf(file: string, at: Date): string {
  return `${file}.daily-${stampOf(at)}.backup`;
}

/** A daily copy with so few values that it has replaced none. */
export function smallCopyOf(file: string, at: Date): string {
  return `${file}.small-${stampOf(at)}.backup`;
}

/** What a restore or a new store has replaced. */
export function replacedCopyOf(file: string, at: Date): string {
  return `${file}.replaced-${stampOf(at)}.backup`;
}

export interface StoreCopy {
  kind: 'daily' | 'small' | 'upgrade' | 'damaged' | 'replaced';
  path: string;
  /** When what is in it was current. */
  at: Date;
  bytes: number;
}

const KINDS: [kind: StoreCopy['kind'], pattern: RegExp][] = [
  ['daily', /^daily(-.+)?$/],
  ['small', /^small-/],
  ['upgrade', /^v\d+$/],
  ['damaged', /^damaged-/],
  ['replaced', /^replaced-/],
];

/** Every copy beside a store, the newest first. None where the folder cannot be read. */
export function copiesOf(file: string): StoreCopy[] {
  const [dir, name] = [path.dirname(file), path.basename(file)];
  let beside: string[];
  try {
    beside = fs.readdirSync(dir);
  } catch {
    return [];
  }
  const found = beside.flatMap((other): StoreCopy[] => {
    if (!other.startsWith(`${name}.`) || !other.endsWith('.backup')) return [];
    const middle = other.slice(name.length + 1, -'.backup'.length);
    const kind = KINDS.find(([, pattern]) => pattern.test(middle))?.[0];
    const stats = fs.statSync(path.join(dir, other), { throwIfNoEntry: false });
    if (kind === undefined || !stats?.isFile()) return [];
    return [{ kind, path: path.join(dir, other), at: stats.mtime, bytes: stats.size }];
  });
  return found.sort((a, b) => b.at.getTime() - a.at.getTime());
}

/** Those that `sluice store restore` takes by itself, the newest first: made of a store that was in use, and checked then. */
export function restorable(file: string): StoreCopy[] {
  return copiesOf(file).filter(({ kind }) => kind === 'daily' || kind === 'upgrade');
}

function stampOf(at: Date): string {
  return at.toISOString().replaceAll(/[:.]/g, '-');
}

/** Base names of the copies made before upgrades. */
export function upgradeCopies(file: string): string[] {
  const name = path.basename(file);
  return fs
    .readdirSync(path.dirname(file))
    .filter((other) => other.startsWith(`${name}.v`) && other.endsWith('.backup'));
}

/** Copies are made under this name and then renamed, so that none is ever incomplete. */
export function unfinishedOf(copy: string): string {
  return `${copy}.unfinished`;
}

/** Syncs a copy to disk, makes it private, and renames it. */
export function finishCopy(copy: string): void {
  const unfinished = unfinishedOf(copy);
  fs.chmodSync(unfinished, 0o600);
  const descriptor = fs.openSync(unfinished, 'r+');
  fs.fsyncSync(descriptor);
  fs.closeSync(descriptor);
  fs.renameSync(unfinished, copy);
}

/**
 * Copies a damaged store with its WAL, so that the original survives attempts to repair it. Once
 * for each state of the file, however often the server is started.
 * @returns the copy's base name, null when none could be made
 */
export function keepDamaged(file: string): string | null {
  try {
    const copy = `${file}.damaged-${stampOf(fs.statSync(file).mtime)}.backup`;
    for (const part of ['', '-wal']) {
      if (!fs.existsSync(file + part) || fs.existsSync(copy + part)) continue;
      fs.copyFileSync(file + part, unfinishedOf(copy + part));
      finishCopy(copy + part);
    }
    return path.basename(copy);
  } catch {
    // The disk is full or failing: the store itself is left untouched anyway.
    return null;
  }
}
