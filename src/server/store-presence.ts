/**
 * Whether the store of a data dir is the one that was here. A data dir that was used and has none must not start as a new
 * one: that would discard the bytes of every download under way, and a day later the last good copy.
 */
import { basename } from 'node:path';
import { copiesOf, restorable } from '#lib/actors/durable/copies.server.ts';
import { inspectStore } from '#lib/actors/durable/inspect.server.ts';
import { notedId } from '#lib/actors/durable/open-mark.server.ts';
import { STORE_VERSION } from '#lib/actors/durable/open.server.ts';
import { presenceOf } from '#lib/actors/durable/presence.server.ts';
import { setStoreAside } from '#lib/actors/durable/restore.server.ts';
import { rowsOf } from '#lib/actors/durable/store-task.server.ts';
import { readTokenKey } from '#lib/channel/token-key.server.ts';
import { hasWorkDirsOf } from '#lib/files/set-aside.server.ts';
import { knownInstanceKey } from '#lib/process/instance-key.server.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import type { Logger } from './log.ts';

export interface Place {
  dataDir: string;
  downloadDir: string;
}

/**
 * Before the store is opened.
 * @param newStore what is missing or damaged is to be replaced by a new one
 * @throws SluiceError `store_missing`, `data_dir_busy`; `wrong_state` for a new one where the store is in order
 */
export function prepareStore(file: string, place: Place, newStore: boolean, log: Logger): void {
  if (!newStore) return requireStore(file, place);
  const replaced = makeWayForNewStore(file, place);
  if (replaced !== null) log.warn('a new store begins, what was there is kept', { replaced });
}

function requireStore(file: string, place: Place): void {
  const why = whyMissing(file, place);
  if (why === null) return;
  throw new SluiceError('store_missing', `${why}. ${whatToType(file)}`);
}

/** @returns what was set aside; null = nothing was there */
function makeWayForNewStore(file: string, place: Place): string | null {
  const presence = presenceOf(file);
  if (presence.state === 'there' && !isDamaged(file)) {
    throw new SluiceError(
      'wrong_state',
      `${basename(file)} in ${place.dataDir} is in order: leave out --new-store, or set SLUICE_DATA_DIR to an empty folder.`,
    );
  }
  return setStoreAside(file);
}

function whyMissing(file: string, place: Place): string | null {
  const presence = presenceOf(file);
  if (presence.state === 'there') return null;
  if (presence.state === 'wrong') return presence.why;
  const trace = traceOfUse(file, place);
  return trace === null ? null : `${presence.why}, but this data folder was used before: ${trace}`;
}

/** What says that there was a store; null = nothing does. @throws TokenKeyError for a key that is none */
function traceOfUse(file: string, { dataDir, downloadDir }: Place): string | null {
  const [copy] = copiesOf(file);
  if (copy !== undefined) return `${basename(copy.path)} is there`;
  if (notedId(file) !== null) return `${basename(file)}.id is there`;
  if (readTokenKey(dataDir) !== null) return 'token.key is there';
  const instance = knownInstanceKey(dataDir);
  if (instance !== null && hasWorkDirsOf(downloadDir, instance))
    return `downloads of it are under way in ${downloadDir}`;
  return null;
}

function whatToType(file: string): string {
  const good = restorable(file).flatMap(({ path, at }) => {
    const rows = rowsIn(path);
    return rows === null ? [] : [{ name: basename(path), at, rows }];
  })[0];
  const anew = 'sluice serve --new-store begins a new one';
  if (good === undefined) {
    return `There is no copy to go back to. Bring it back, or type: sluice store restore FILE with a copy of yours. Or: ${anew}.`;
  }
  return (
    `The newest copy is ${good.name}, of ${good.at.toISOString()}, with ${good.rows} values. ` +
    `To go on with it, type: sluice store restore ${good.name}. Or: ${anew}.`
  );
}

function rowsIn(copy: string): number | null {
  try {
    inspectStore(copy, STORE_VERSION, 0);
    return rowsOf(copy);
  } catch {
    return null;
  }
}

function isDamaged(file: string): boolean {
  try {
    inspectStore(file, STORE_VERSION, 0);
    return false;
  } catch (error) {
    const { code, errcode } = error as { code?: string; errcode?: number };
    // https://sqlite.org/rescode.html: SQLITE_CORRUPT, SQLITE_NOTADB
    return code === 'store_corrupt' || [11, 26].includes((errcode ?? 0) & 0xff);
  }
}
