import { type DownloadRow, withTransition } from '../download/row.ts';

/** OTP's restart intensity: more crashes than this in the window, and the child is given up. */
const MAX_RESTARTS = 3;
const WINDOW_MS = 60_000;

export class RestartIntensity {
  readonly #crashes = new Map<string, number[]>();

  /** @returns how many restarts came before in the window, or null when it is one too many */
  note(id: string, now: number): number | null {
    const recent = (this.#crashes.get(id) ?? []).filter((at) => at > now - WINDOW_MS);
    if (recent.length >= MAX_RESTARTS) {
      this.#crashes.delete(id);
      return null;
    }
    this.#crashes.set(id, [...recent, now]);
    return recent.length;
  }
}

/** The row of a download whose actor crashed: its machine cannot be asked. @param dueAt null = given up */
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

/** What made the machine crash may be the row itself. */
function historyOf({ history }: DownloadRow): DownloadRow['history'] {
  return Array.isArray(history) ? history : [];
}
