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
    const when = fs.statSync(file).mtime.toISOString().replaceAll(/[:.]/g, '-');
    const copy = `${file}.damaged-${when}.backup`;
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
