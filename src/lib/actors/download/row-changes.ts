/** What an event says of a row. Pure. */
import type { ErrorView } from '../../protocol/error.ts';
import type { DownloadRow } from './row.ts';

/** @param event whether the engine waits for a server's first byte, and when that was said, in ms since 1970 */
export function awaitingAfter(
  { awaitingSince }: Pick<DownloadRow, 'awaitingSince'>,
  { isAwaiting = false, at }: { isAwaiting?: boolean; at: number },
): Pick<DownloadRow, 'awaitingSince'> {
  if (isAwaiting) return { awaitingSince: awaitingSince ?? at };
  return awaitingSince === undefined ? {} : { awaitingSince: null };
}

/** What an event says of the quality: null = it is the best, or the chosen one. */
export function loweredAfter(
  { lowered: before }: Pick<DownloadRow, 'lowered'>,
  { lowered }: Pick<DownloadRow, 'lowered'>,
): Pick<DownloadRow, 'lowered'> {
  if (lowered === undefined || (lowered === null && before === undefined)) return {};
  const isSame = before?.quality === lowered?.quality && before?.missing === lowered?.missing;
  return isSame ? {} : { lowered };
}

/** What changes several times a second while bytes come: stored now and then, as the disk has it too. */
const PROGRESS: ReadonlySet<string> = new Set([
  'receivedBytes',
  'totalBytes',
  'gapSeconds',
  'percent',
  'failures',
  'furthestBytes',
] satisfies (keyof DownloadRow)[]);

/** Whether nothing else differs: any other change has to be stored before it is acknowledged. */
export function isOnlyProgress(before: DownloadRow, after: DownloadRow): boolean {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof DownloadRow>;
  return [...keys].every((key) => PROGRESS.has(key) || before[key] === after[key]);
}

/** Its work dir has no bytes any more. */
export function isEmptied({ state, error }: Pick<DownloadRow, 'state' | 'error'>): boolean {
  return state === 'cancelled' || error?.code === 'checksum_mismatch' || error?.code === 'work_removed';
}

/** What a row keeps of an error. */
export function errorOf({ code, message }: ErrorView): ErrorView {
  return { code, message };
}

export function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}
