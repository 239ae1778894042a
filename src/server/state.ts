/** The store of this process, and the room that is kept for it. */
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

export interface StateOptions {
  dir: string;
  /** False for a state that nobody comes back to. */
  hasReserve: boolean;
  classes: (room: Pick<State, 'checkRoom'>) => EmbeddedHostOptions['classes'];
  onError: EmbeddedHostOptions['onError'];
}

export interface State {
  readonly host: EmbeddedHost;
  /** @throws SluiceError `disk_full` when there is room only for what becomes of the downloads that are there */
  checkRoom(): void;
  /** Why nothing new should come here; empty = it may. */
  reasonsNotReady(): string[];
  close(): Promise<void>;
}

/**
 * Takes the lock on the data dir, which everything after it relies on.
 * @throws SluiceError `data_dir_busy`, `store_*`, `disk_*`; the message names the dir
 */
export function openState({ dir, hasReserve, classes, onError }: StateOptions): State {
  const reserve = new Reserve(join(dir, 'reserve'));
  const isFull = (): boolean => hasReserve && !reserve.isWhole;
  const checkRoom = (): void => {
    if (isFull()) throw new SluiceError('disk_full', NO_ROOM);
  };
  const file = join(dir, 'sluice.db');
  const store = open(file, dir, reserve);
  const host = createEmbeddedHost({
    storage: store,
    classes: classes({ checkRoom }),
    onError(error, actor) {
      // The commit that failed is lost, and those who waited for it know. The next ones find room.
      if (actor === null && isDiskFull(error) && reserve.release()) reserve.keep();
      onError(error, actor);
    },
  });
  const copy = new DailyCopy(store, file, { onError: (error) => onError(error, null) });
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

/** A disk that was full before the start still lets us start, and say so. */
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
