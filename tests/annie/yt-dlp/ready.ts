/** Installs the real yt-dlp for tests, once, into the cache of the test tools. */
import { installYtDlp } from '#lib/annie/yt-dlp/install.server.ts';
import { missing } from '../../support/tools.ts';
import { YT_DLP_HOME } from '../../support/yt-dlp.ts';

export interface Ready {
  /** What `YtDlpEngine` takes as `dataDir`; null when yt-dlp cannot be installed. */
  dataDir: string | null;
  /** Why tests that need yt-dlp cannot run, or null. */
  reason: string | null;
}

/** Idempotent, and safe to call from several test files at once. */
export async function readyYtDlp(): Promise<Ready> {
  const reason = missing('python3');
  if (reason !== null) return { dataDir: null, reason };
  const lines: string[] = [];
  try {
    await installYtDlp({ dataDir: YT_DLP_HOME, onLine: (line) => lines.push(line) });
    return { dataDir: YT_DLP_HOME, reason: null };
  } catch (thrown) {
    return {
      dataDir: null,
      reason: `yt-dlp cannot be installed: ${(thrown as Error).message} ${lines.at(-1) ?? ''}`,
    };
  }
}
