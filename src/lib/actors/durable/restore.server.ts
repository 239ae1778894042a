/**
 * Puts a copy in the place of a store that no server has open. What was there is kept beside it, and can be restored in the
 * same way.
 */
import fs from 'node:fs';
import path from 'node:path';
import { SluiceError } from '../../protocol/error.ts';
import { replacedCopyOf, unfinishedOf } from './copies.server.ts';
import { addressOf, immutable } from './inspect.server.ts';
import { bootFileOf, idFileOf, openMarkerOf, overwrittenPart } from './open-marker.server.ts';
import { toStoreError } from './open.server.ts';
import { requireUnlocked, withSharedLock } from './presence.server.ts';
import { checkStore, copyStore, type StoreCheck } from './store-task.server.ts';

export interface Restored {
  check: StoreCheck;
  /** Base name of what was there before; null = nothing was. */
  replaced: string | null;
}

/**
 * @param file the store, as `storeFileOf` gives it
 * @param copy with its WAL, should it have one; it may be `file` itself, to go on without a WAL that is lost
 * @throws SluiceError `store_corrupt`, `store_newer`, `store_missing` for a copy that is none; `data_dir_busy`, `disk_*`
 */
export function restoreStore(file: string, copy: string): Restored {
  if (!fs.existsSync(copy)) throw new SluiceError('store_missing', `${copy} is not there.`);
  if (!fs.statSync(copy).isFile()) throw new SluiceError('store_corrupt', `${copy} is not a file.`);
  requireUnlocked(file);
  // The WAL is that of what was overwritten.
  const isAlone = copy === file && overwrittenPart(file) === 'store';
  const address = isAlone ? immutable(copy) : addressOf(copy);
  const check = withSharedLock(copy, () => checkStore(copy, address));
  const [problem] = check.problems;
  if (problem !== undefined)
    throw new SluiceError(
      'store_corrupt',
      `${path.basename(copy)} is damaged: ${problem}. Nothing was changed.`,
    );
  const unfinished = unfinishedOf(file);
  try {
    // The whole data folder may be lost.
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    fs.rmSync(unfinished, { force: true });
    copyStore(address, unfinished);
    flush(unfinished);
    const replaced = setStoreAside(file);
    fs.renameSync(unfinished, file);
    flush(path.dirname(file));
    return { check, replaced };
  } catch (error) {
    throw toStoreError(error);
  } finally {
    fs.rmSync(unfinished, { force: true });
  }
}

/**
 * Gives what lies in the store's place, whatever it is, a dated name.
 * @returns its base name; null = nothing, or an empty file without a WAL
 * @throws SluiceError `data_dir_busy`; the file system's own
 */
export function setStoreAside(file: string): string | null {
  requireUnlocked(file);
  // The files that say what was here. First: without them a store is only taken as it is.
  for (const each of [openMarkerOf(file), idFileOf(file), bootFileOf(file), `${file}-shm`])
    fs.rmSync(each, { force: true });
  const parts = ['-wal', ''].filter((end) => isThere(file + end));
  if (parts.every((end) => isEmptyFile(file + end))) {
    for (const end of parts) fs.rmSync(file + end);
    return null;
  }
  const kept = replacedCopyOf(file, new Date());
  // The WAL last to leave: a store without it would be taken for a whole one.
  for (const end of parts.toReversed()) fs.renameSync(file + end, kept + end);
  return path.basename(kept);
}

function isThere(path: string): boolean {
  return fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isEmptyFile(path: string): boolean {
  const stats = fs.lstatSync(path);
  return stats.isFile() && stats.size === 0;
}

function flush(path: string): void {
  const descriptor = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}
