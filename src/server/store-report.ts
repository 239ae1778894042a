/** What `sluice store check` finds, of a store that is in use or not. */
import { storeFileOf } from '#lib/actors/durable/presence.server.ts';
import type { StoreCheck } from '#lib/actors/durable/store-task.server.ts';
import { listAside, type SetAsideWorkDir } from '#lib/files/set-aside.server.ts';
import { knownInstanceKey } from '#lib/process/instance-key.server.ts';
import type { Config } from './config.ts';

export interface StoreReport {
  file: string;
  store: StoreCheck;
  /** Work dirs that no stored download belongs to. */
  aside: SetAsideWorkDir[];
}

/** @throws SluiceError `disk_*` when the download folder cannot be read */
export async function checkEverything(
  { dataDir, downloadDir }: Pick<Config, 'dataDir' | 'downloadDir'>,
  store: StoreCheck,
): Promise<StoreReport> {
  const file = storeFileOf(dataDir);
  const instance = knownInstanceKey(dataDir);
  return {
    file,
    store,
    aside: instance === null ? [] : await listAside(downloadDir, instance),
  };
}
