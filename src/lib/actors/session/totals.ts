import { ACTIVE_STATES, type DownloadState, type Totals } from '../../protocol/download.ts';

export function totalsOf(counts: Readonly<Record<DownloadState, number>>, bytesPerSecond: number): Totals {
  return {
    active: ACTIVE_STATES.reduce((sum, state) => sum + counts[state], 0),
    queued: counts.queued + counts.waiting + counts.paused,
    done: counts.complete,
    failed: counts.error + counts.cancelled,
    bytesPerSecond,
  };
}
