/** What a list has on the disk, read from outside without waking it. */
import { DOWNLOAD_STATES, type DownloadState } from '../../protocol/download.ts';
import type { DownloadRow } from '../download/row.ts';
import type { StoredObject } from '../durable/stored-object.ts';
import { type ListOwner, ownerOfPerson } from '../../protocol/person-limits.ts';
import { type Meta, OWN, readPage } from './store.ts';

/** A cancelled download has no bytes left. */
const WITH_BYTES: readonly DownloadState[] = DOWNLOAD_STATES.filter((state) => state !== 'cancelled');

/** Whose a list is, as it is stored; null = not known, or nothing is stored. */
export function storedOwner(stored: StoredObject): string | null {
  const own = stored.get<ListOwner>(OWN);
  return own === undefined ? (stored.get<Meta>('meta')?.owner ?? null) : ownerOfPerson(own.person);
}

/**
 * The rows that may have bytes on the disk, so many at a time.
 * @throws SluiceError `store_newer`, `row_damaged`
 */
export function* rowsWithBytes(stored: StoredObject, atATime: number): Generator<DownloadRow[]> {
  const counts = stored.get<Meta>('meta')?.counts;
  if (counts === undefined) return;
  for (let before: number | null = null; ;) {
    const { rows, nextN } = readPage(stored, counts, WITH_BYTES, atATime, before);
    yield rows;
    if (nextN === null) return;
    before = nextN;
  }
}
