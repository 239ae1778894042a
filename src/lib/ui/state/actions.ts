import { type Action, ACTIONS_OF } from '../../protocol/actions.ts';
import type { DownloadState, DownloadView } from '../../protocol/download.ts';
import type { ErrorCode } from '../../protocol/error.ts';

export type RowAction = Action | 'remove' | 'save';

/**
 * The actions on a row in each state, the likeliest first: a row shows two, on a phone one.
 * @param code of its error: a damaged row cannot be retried
 */
export function actionsOf(state: DownloadState, code?: ErrorCode): readonly RowAction[] {
  if (code === 'row_damaged') return ['remove'];
  return state === 'complete' ? ['save', 'remove'] : [...ACTIONS_OF[state], 'remove'];
}

/** The action of the space bar: pause or resume, if the state has one. */
export function toggleOf(state: DownloadState): 'pause' | 'resume' | null {
  const [first] = ACTIONS_OF[state];
  return first === 'pause' || first === 'resume' ? first : null;
}

/** Actions that can lose something. */
export type Question = 'cancel' | 'remove';

/** Only where something is lost: received bytes, a running download, or a file. */
export function needsConfirmation(
  question: Question,
  { state, file, receivedBytes }: Pick<DownloadView, 'state' | 'file' | 'receivedBytes'>,
): boolean {
  if (question === 'cancel') return receivedBytes > 0;
  return file !== null || (state !== 'error' && state !== 'cancelled');
}
