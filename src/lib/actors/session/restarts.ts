import { type DownloadRow, withTransition } from '../download/row.ts';

/** OTP's restart intensity: a child with more crashes in the window is not restarted. */
const MAX_RESTARTS = 3;
const WINDOW_MS = 60_000;

export class RestartIntensity {
  readonly #crashes = new Map<string, number[]>();

  /** @returns the number of earlier crashes in the window, or null when there are too many */
  recordCrash(id: string, now: number): number | null {
    const recent = (this.#crashes.get(id) ?? []).filter((at) => at > now - WINDOW_MS);
    if (recent.length >= MAX_RESTARTS) {
      this.#crashes.delete(id);
      return null;
    }
    this.#crashes.set(id, [...recent, now]);
    return recent.length;
  }
}

/** The new row of a download whose actor crashed. @param dueAt of the restart; null = it fails */
export function repairedRow(row: DownloadRow, now: number, dueAt: number | null): DownloadRow {
  const state = dueAt === null ? 'error' : 'waiting';
  return {
    ...row,
    state,
    dueAt,
    finishedAt: dueAt === null ? now : null,
    error: { code: 'internal_error', message: 'The download crashed inside Sluice.' },
    history: withTransition(historyOf(row), [now, state, 'supervisor']),
  };
}

/** A damaged row may be the cause of the crash. */
function historyOf({ history }: DownloadRow): DownloadRow['history'] {
  return Array.isArray(history) ? history : [];
}
