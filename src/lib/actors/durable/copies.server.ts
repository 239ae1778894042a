/** Copies of a store, made beside it: before an upgrade, of a damaged one, and each day. */
import fs from 'node:fs';
import path from 'node:path';

/** As it was before the upgrade from version `from`. */
export function upgradeCopyOf(file: string, from: number): string {
  return `${file}.v${from}.backup`;
}

/** As it was within the last day that it was in use: `daily-copy.server.ts`. */
export function dailyCopyOf(file: string): string {
  return `${file}.daily.backup`;
}

/** Base names of the copies that upgrades of this store have left. */
export function upgradeCopies(file: string): string[] {
  const name = path.basename(file);
  return fs
    .readdirSync(path.dirname(file))
    .filter((other) => other.startsWith(`${name}.v`) && other.endsWith('.backup'));
}

/** Makes a copy in two steps: under its name there is never half of one. */
export function unfinishedOf(copy: string): string {
  return `${copy}.unfinished`;
}

/** The second step: on disk before it gets its name, its owner's alone. */
export function finishCopy(copy: string): void {
  const unfinished = unfinishedOf(copy);
  fs.chmodSync(unfinished, 0o600);
  const descriptor = fs.openSync(unfinished, 'r+');
  fs.fsyncSync(descriptor);
  fs.closeSync(descriptor);
  fs.renameSync(unfinished, copy);
}

/**
 * Copies a damaged store, with its WAL, beside itself: whoever then tries to repair it still has what there was. Once
 * for each state of the file, however often the start is tried.
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
    // A full or failing disk: what is there stays as it is all the same.
    return null;
  }
}
