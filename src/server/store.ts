/** The store of this process, and the disk space reserved for it. */
import { join } from 'node:path';
import { DailyCopy } from '#lib/actors/durable/daily-copy.server.ts';
import {
  createEmbeddedHost,
  type EmbeddedHost,
  type EmbeddedHostOptions,
} from '#lib/actors/durable/host.server.ts';
import { Reserve } from '#lib/actors/durable/reserve.server.ts';
import { openStore } from '#lib/actors/durable/storage.server.ts';
import { SluiceError } from '#lib/protocol/error.ts';

const NO_ROOM = 'The disk of the data folder is full: new downloads are refused until there is room.';

export interface StoreOptions {
  dir: string;
  /** False for a temporary store: no reserve, no daily copy. */
  hasReserve: boolean;
  classes: (room: Pick<Store, 'checkRoom'>) => EmbeddedHostOptions['classes'];
  onError: EmbeddedHostOptions['onError'];
}

export interface Store {
  readonly host: EmbeddedHost;
  /** @throws SluiceError `disk_full` when the space left is reserved for the downloads that exist */
  checkRoom(): void;
  /** Why no new downloads should be added; empty = they may. */
  reasonsNotReady(): string[];
  close(): Promise<void>;
}

/**
 * Opens the store and takes the lock on the data dir, which everything after it relies on.
 * @throws SluiceError `data_dir_busy`, `store_*`, `disk_*`; the message names the dir
 */
export function openLockedStore({ dir, hasReserve, classes, onError }: StoreOptions): Store {
  const reserve = new Reserve(join(dir, 'reserve'));
  const isFull = (): boolean => hasReserve && !reserve.isWhole;
  const checkRoom = (): void => {
    if (isFull()) throw new SluiceError('disk_full', NO_ROOM);
  };
  const file = join(dir, 'sluice.db');
  const storage = open(file, dir, reserve);
  const host = createEmbeddedHost({
    storage,
    classes: classes({ checkRoom }),
    onError(error, actor) {
      // The failed commit is lost and its callers got the error; the released reserve makes room for the next ones.
      if (actor === null && isDiskFull(error) && reserve.release()) reserve.keep();
      onError(error, actor);
    },
  });
  const copy = new DailyCopy(storage, file, { onError: (error) => onError(error, null) });
  if (hasReserve) {
    reserve.keep();
    copy.keep();
  }
  return {
    host,
    checkRoom,
    reasonsNotReady: () => (isFull() ? [NO_ROOM] : []),
    async close() {
      reserve.close();
      await copy.close();
      await host.close();
    },
  };
}

/** On a full disk the reserve is released, so that the server starts and can report it. */
function open(file: string, dir: string, reserve: Reserve): ReturnType<typeof openStore> {
  for (;;) {
    try {
      return openStore(file);
    } catch (error) {
      if (isDiskFull(error) && reserve.release()) continue;
      if (!(error instanceof SluiceError) || !/^(disk|store)_/.test(error.code)) throw error;
      throw new SluiceError(error.code, `${error.message} SLUICE_DATA_DIR is ${dir}.`, { cause: error });
    }
  }
}

function isDiskFull(error: unknown): boolean {
  return error instanceof SluiceError && error.code === 'disk_full';
}
