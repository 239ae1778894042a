/**
 * Whether the store of a data dir is the one that was here. A data dir that was used and has none must not start as a new
 * one: that would discard the bytes of every download under way, and a day later the last good copy.
 */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { copiesOf, restorable } from '#lib/actors/durable/copies.server.ts';
import { inspectStore } from '#lib/actors/durable/inspect.server.ts';
import { lastStoreId } from '#lib/actors/durable/open-marker.server.ts';
import { STORE_VERSION } from '#lib/actors/durable/open.server.ts';
import { type Presence, presenceOf, storeFileOf } from '#lib/actors/durable/presence.server.ts';
import { setStoreAside } from '#lib/actors/durable/restore.server.ts';
import { rowsOf } from '#lib/actors/durable/store-task.server.ts';
import { readTokenKey } from '#lib/channel/token-key.server.ts';
import { findStoreRecord } from '#lib/files/download-root/store-record.server.ts';
import { hasWorkDirsOf } from '#lib/files/set-aside.server.ts';
import { knownInstanceKey } from '#lib/process/instance-key.server.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { canonicalPath } from './canonical-path.ts';
import type { Logger } from './log.ts';

interface Place {
  dataDir: string;
  downloadDir: string;
}

/** A share whose server is away may answer never. */
const ANSWER_MS = 3_000;
const MOUNT_IT =
  'Mount it, and start again. If its state is lost, type: sluice store restore FILE with a copy of yours. ' +
  'Or: sluice serve --new-store begins a new one.';

/**
 * Before the store is opened, and before anything is created in its place.
 * @param newStore what is missing or damaged is to be replaced by a new one
 * @throws SluiceError `store_missing`, `data_dir_busy`; `wrong_state` for a new one where the store is in order
 */
export async function prepareStore(place: Place, newStore: boolean, log: Logger): Promise<void> {
  if (!newStore) return requireStore(place);
  const replaced = makeWayForNewStore(place);
  if (replaced !== null) log.warn('a new store begins, what was there is kept', { replaced });
}

/** @throws SluiceError `store_missing`, `data_dir_busy` */
async function requireStore(place: Place): Promise<void> {
  const file = storeFileOf(place.dataDir);
  const presence = presenceIn(place);
  if (presence.state === 'there') return;
  if (presence.state === 'wrong') {
    const left = presence.hasRest
      ? ` What is left is restored by: sluice store restore ${basename(file)}.`
      : '';
    throw storeMissing(place, `${presence.why}. ${whatToType(file)}${left}`);
  }
  const trace = traceOfUse(file, place);
  if (trace !== null) throw storeMissing(place, `${usedBefore(presence.why, trace)}. ${whatToType(file)}`);
  const record = await recordOfUse(place);
  if (record !== null) throw storeMissing(place, `${usedBefore(presence.why, record)}. ${MOUNT_IT}`);
}

/**
 * Why there is nothing to check or to copy; null = there is a store.
 * @throws SluiceError `data_dir_busy`
 */
export async function whyNoStore(place: Place): Promise<string | null> {
  const presence = presenceIn(place);
  if (presence.state === 'there') return null;
  const record = presence.state === 'empty' ? await recordOfUse(place) : null;
  return record === null ? presence.why : usedBefore(presence.why, record);
}

/** A folder that cannot be reached is left to the code that creates it. @throws SluiceError `data_dir_busy` */
function presenceIn({ dataDir }: Place): Presence {
  const file = storeFileOf(dataDir);
  return existsSync(dataDir) ? presenceOf(file) : { state: 'empty', why: `${basename(file)} is not there` };
}

/** What in the download folder says that this data folder was used; null = nothing does. */
export async function recordOfUse({ dataDir, downloadDir }: Place): Promise<string | null> {
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), ANSWER_MS).unref());
  const record = await Promise.race([findStoreRecord(downloadDir, canonicalPath(dataDir)), late]);
  return record === null ? null : `${record} says so. The disk of the data folder may not be mounted`;
}

function usedBefore(why: string, trace: string): string {
  return `${why}, but this data folder was used before: ${trace}`;
}

export function storeMissing({ dataDir }: Pick<Place, 'dataDir'>, message: string): SluiceError {
  return new SluiceError('store_missing', `${message} SLUICE_DATA_DIR is ${dataDir}.`);
}

/** @returns what was set aside; null = nothing was there */
function makeWayForNewStore(place: Place): string | null {
  const file = storeFileOf(place.dataDir);
  const presence = presenceOf(file);
  if (presence.state === 'there' && !isDamaged(file)) {
    throw new SluiceError(
      'wrong_state',
      `${basename(file)} in ${place.dataDir} is in order: leave out --new-store, or set SLUICE_DATA_DIR to an empty folder.`,
    );
  }
  return setStoreAside(file);
}

/** What says that there was a store; null = nothing does. @throws TokenKeyError for a key that is none */
function traceOfUse(file: string, { dataDir, downloadDir }: Place): string | null {
  const [copy] = copiesOf(file);
  if (copy !== undefined) return `${basename(copy.path)} is there`;
  if (lastStoreId(file) !== null) return `${basename(file)}.id is there`;
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
