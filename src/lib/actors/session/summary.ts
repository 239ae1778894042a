import { DOWNLOAD_STATES, isFinal } from '../../protocol/download.ts';
import type { SessionSummary } from '../../protocol/session.ts';
import type { Stored } from '../durable/look.ts';
import { peek } from './peek.ts';
import type { Meta } from './store.ts';

/** A session's summary, read from outside like `peek`: from its counts and one row, however long the list. */
export function summarize(id: string, stored: Stored): SessionSummary {
  const counts = stored.get<Meta>('meta')?.counts;
  const count = (isCounted: (state: (typeof DOWNLOAD_STATES)[number]) => boolean): number =>
    DOWNLOAD_STATES.filter(isCounted).reduce((sum, state) => sum + (counts?.[state] ?? 0), 0);
  return {
    id,
    downloads: count(() => true),
    unfinished: count((state) => !isFinal(state)),
    newest: newestIn(stored),
  };
}

function newestIn(stored: Stored): SessionSummary['newest'] {
  try {
    const [row] = peek(stored, 1).rows;
    return row === undefined ? null : { title: row.title, addedAt: new Date(row.createdAt).toISOString() };
  } catch {
    // Written by a newer Sluice, or damaged: the session is listed anyway.
    return null;
  }
}
