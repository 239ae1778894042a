/** Waiting for the network, or for a host: nobody's failure, and no try is spent on it. */
import type { RunnerFailure } from '../../protocol/runner.ts';
import { isAway } from '../../protocol/unreachable.ts';
import type { DownloadRow, RowAway } from './row.ts';

/** A host alone, and a login, which may be the site's own, are waited for this long; the network without a limit. */
const HOST_AWAY_MS = 24 * 3_600_000;

/** What is stored of a failure; null = it is of another kind. The host's own time goes on over restarts of the runner. */
export function rowAway({ code, away }: RunnerFailure, row: Pick<DownloadRow, 'away'>): RowAway | null {
  if (away === undefined || !isAway({ code })) return null;
  if (code === 'network_down') return { since: away.since, host: null };
  const since = row.away?.host === away.host ? Math.min(row.away.since, away.since) : away.since;
  return { since, host: away.host };
}

/** The failure, final if its host has been away for too long. @param at ms since 1970 */
export function finalWhenAwayTooLong(
  error: RunnerFailure,
  row: Pick<DownloadRow, 'away'>,
  at: number,
): RunnerFailure {
  const away = error.code === 'network_down' ? null : rowAway(error, row);
  if (away === null || at - away.since < HOST_AWAY_MS) return error;
  const message =
    error.code === 'host_away'
      ? `${away.host} could not be reached for 24 hours.`
      : `In place of ${away.host} a login page has answered for 24 hours.`;
  return { ...error, transient: false, message };
}
