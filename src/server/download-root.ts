/** The download folder at the start: created only if no disk can be missing there, adopted, or recognised. */
import { KnownRootFile } from '#lib/files/download-root/known-root.server.ts';
import { DownloadRoot } from '#lib/files/download-root/download-root.server.ts';
import type { StorePlace } from '#lib/files/download-root/store-record.server.ts';
import { toSluiceError } from '#lib/protocol/error.ts';
import type { RunnerEvent } from '#lib/protocol/runner.ts';
import type { Config } from './config.ts';
import type { Logger } from './log.ts';
import { makeDir } from './make-dir.ts';

/** A share whose server is away may answer never: the start does not wait for it longer than this, in ms. */
const ANSWER_MS = 3_000;
/** What a download waits for without a limit; a full disk is waited for also by a command. */
const DISK_WAITS: readonly string[] = ['disk_missing', 'disk_denied', 'disk_read_only', 'disk_error'];

interface DownloadRootOptions {
  config: Pick<Config, 'downloadDir'>;
  /** null = a temporary store. */
  dataDir: string | null;
  isNewStore: boolean;
  /** No session was ever stored: the first start may have been interrupted before the folder was created. */
  isUnused: boolean;
  /** Named by a record in the folder; null = a temporary store. */
  store?: StorePlace | null;
  log: Logger;
}

/**
 * Only warns of a folder that is missing or cannot be written: the list can still be read, and downloads wait.
 * @throws ConfigError when the folder of a new store, or a newly configured one, cannot be created
 */
export async function openDownloadRoot(options: DownloadRootOptions): Promise<DownloadRoot> {
  const { config, dataDir, isNewStore, isUnused, store = null, log } = options;
  const { downloadDir: dir } = config;
  const file = dataDir === null ? null : new KnownRootFile(dataDir);
  const stored = isNewStore ? null : (file?.read() ?? null);
  const known = stored?.path === dir ? stored : null;
  const isUnmarked = stored === null && isUnused;
  if (isNewStore || isUnmarked || (stored !== null && known === null)) makeDir(dir, 'SLUICE_DOWNLOAD_DIR');
  const root = new DownloadRoot({
    dir,
    file,
    known,
    store,
    log: (message, details) => log.warn(message, details),
  });
  const checked = root.check().catch((thrown: unknown) => warn(thrown, dir, log));
  await Promise.race([checked, new Promise((resolve) => setTimeout(resolve, ANSWER_MS).unref())]);
  return root;
}

/** The event as a session sees it that ends with its command: a disk that is not in order is a failure. */
export function withoutDiskWaits(event: RunnerEvent): RunnerEvent {
  if (event.type !== 'failed' || !DISK_WAITS.includes(event.error.code)) return event;
  return { ...event, error: { ...event.error, transient: false } };
}

function warn(thrown: unknown, downloadDir: string, log: Logger): void {
  const error = toSluiceError(thrown);
  const { code = error.code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  const what = error.code === 'disk_missing' ? 'is missing or not the one used before' : 'cannot be written';
  log.warn(`SLUICE_DOWNLOAD_DIR ${what}: downloads wait`, {
    downloadDir,
    code,
    message: error.message,
  });
}
