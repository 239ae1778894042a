import { DOWNLOAD_STATES, isFinal } from '../../protocol/download.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { SessionSummary } from '../../protocol/session.ts';
import type { StoredObject } from '../durable/stored-object.ts';
import { readStoredSession } from './stored-session.ts';
import type { Meta } from './store.ts';

/** A session's summary, read from outside like `readStoredSession`: from its counts and one row, however long the list. */
export function summarize(id: string, stored: StoredObject): SessionSummary {
  const counts = countsIn(stored);
  const count = (isCounted: (state: (typeof DOWNLOAD_STATES)[number]) => boolean): number =>
    DOWNLOAD_STATES.filter(isCounted).reduce((sum, state) => sum + (counts?.[state] ?? 0), 0);
  return {
    id,
    downloads: count(() => true),
    unfinished: count((state) => !isFinal(state)),
    newest: newestIn(stored),
  };
}

/** Damaged ones are counted anew when the session wakes. */
function countsIn(stored: StoredObject): Meta['counts'] | undefined {
  try {
    return stored.get<Meta>('meta')?.counts;
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'row_damaged') return undefined;
    throw error;
  }
}

function newestIn(stored: StoredObject): SessionSummary['newest'] {
  try {
    const [row] = readStoredSession(stored, 1).rows;
    return row === undefined ? null : { title: row.title, addedAt: new Date(row.createdAt).toISOString() };
  } catch {
    // Written by a newer Sluice, or damaged: the session is listed anyway.
    return null;
  }
}
