import { type Action, ACTIONS_OF } from '../../protocol/actions.ts';
import type { DownloadState, DownloadView } from '../../protocol/download.ts';
import type { ErrorCode } from '../../protocol/error.ts';

export type RowAction = Action | 'remove' | 'save';

/**
 * What can be done with a row in each state: the likeliest first, of which a row shows two and a phone one.
 * @param code of its error: what is damaged cannot be tried again
 */
export function actionsOf(state: DownloadState, code?: ErrorCode): readonly RowAction[] {
  if (code === 'row_damaged') return ['remove'];
  return state === 'complete' ? ['save', 'remove'] : [...ACTIONS_OF[state], 'remove'];
}

/** What the space bar does: the one that turns a row on or off, if it has one. */
export function toggleOf(state: DownloadState): 'pause' | 'resume' | null {
  const [first] = ACTIONS_OF[state];
  return first === 'pause' || first === 'resume' ? first : null;
}

/** Those that can lose something. */
export type Question = 'cancel' | 'remove';

/** Only what would be missed is asked about: bytes that came, a running download, or a file. */
export function isAsked(
  question: Question,
  { state, file, receivedBytes }: Pick<DownloadView, 'state' | 'file' | 'receivedBytes'>,
): boolean {
  if (question === 'cancel') return receivedBytes > 0;
  return file !== null || (state !== 'error' && state !== 'cancelled');
}
