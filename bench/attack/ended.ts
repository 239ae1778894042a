import type { DownloadView } from '#lib/protocol/download.ts';
import type { Api } from '../../tests/support/api.ts';

const ENDS: readonly string[] = ['complete', 'error', 'waiting', 'cancelled'];
/** Jobs are many at a time: asking more often costs more than they do. Each time half as long again, up to the second. */
const FIRST_MS = 40;
const MOST_MS = 1_000;
const GIVE_UP_MS = 240_000;

/** The row of a download that has ended, or waits to be tried again. */
export async function ended(api: Api, id: string): Promise<DownloadView> {
  const until = performance.now() + GIVE_UP_MS;
  for (let waitMs = FIRST_MS; ; waitMs = Math.min(waitMs * 1.5, MOST_MS)) {
    const row = await api.get(id);
    if (ENDS.includes(row.state)) return row;
    if (performance.now() > until) throw new Error(`a download does not end: ${JSON.stringify(row)}`);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
