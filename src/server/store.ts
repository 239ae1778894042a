/** The store of this process, and the disk space reserved for it. */
import { join } from 'node:path';
import { DailyCopy } from '#lib/actors/durable/daily-copy.server.ts';
import {
  createEmbeddedHost,
  type EmbeddedHost,
  type EmbeddedHostOptions,
} from '#lib/actors/durable/host.server.ts';
import { DiskReserve } from '#lib/actors/durable/reserve.server.ts';
import { storeFileOf } from '#lib/actors/durable/presence.server.ts';
import { openStore, type StoreOptions } from '#lib/actors/durable/storage.server.ts';
import { runStoreTask } from '#lib/actors/durable/store-thread.server.ts';
import { type StoreCheck, writeCopy } from '#lib/actors/durable/store-task.server.ts';
import { SluiceError } from '#lib/protocol/error.ts';

const DAMAGED =
  'sluice.db is damaged: what lies on its damaged pages cannot be read. Stop Sluice, and type: sluice store check, then sluice store restore.';
const NO_ROOM =
  'The disk of the data folder is full (SLUICE_DATA_DIR): new downloads are refused until there is room.';

export interface LockedStoreOptions {
  dir: string;
  /** False for a temporary store: no reserve, no daily copy. */
  hasReserve: boolean;
  classes: (room: Pick<LockedStore, 'checkRoom'>) => EmbeddedHostOptions['classes'];
  onError: EmbeddedHostOptions['onError'];
  /** Called when nothing can be stored any more, with why, and with null when it can again. */
  onRefusal: (reason: string | null) => void;
}

export interface LockedStore {
  readonly host: EmbeddedHost;
  /** @throws SluiceError `disk_full` when the space left is reserved for the downloads that exist */
  checkRoom(): void;
  /** Why no new downloads should be added; empty = they may. */
  reasonsNotReady(): string[];
  /** While it is used. @throws SluiceError `store_*`, `disk_*` */
  check(): Promise<StoreCheck>;
  /** Writes a copy of it as of now. @throws SluiceError `invalid_filename` for a file that is there, `store_*`, `disk_*` */
  backup(file: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the store and takes the lock on the data dir, which everything after it relies on.
 * @throws SluiceError `data_dir_busy`, `store_*`, `disk_*`; the message names the dir
 */
export function openLockedStore({
  dir,
  hasReserve,
  classes,
  onError,
  onRefusal,
}: LockedStoreOptions): LockedStore {
  const isUsable = (): boolean => storage.file.refusal === null;
  const reserve = new DiskReserve(join(dir, 'reserve'), { isUsable });
  const isFull = (): boolean => hasReserve && !reserve.isWhole;
  const checkRoom = (): void => {
    if (isFull()) throw new SluiceError('disk_full', NO_ROOM);
  };
  const file = storeFileOf(dir);
  const storage = withDirInErrors(dir, () =>
    open(file, reserve, { onDamaged: onError, given: join(dir, 'sluice.db') }),
  );
  /** Copies and checks under way: the file has to stay open for them. */
  const tasks = new Set<Promise<unknown>>();
  const track = async <T>(task: Promise<T>): Promise<T> => {
    tasks.add(task);
    return task.finally(() => tasks.delete(task));
  };
  const host = createEmbeddedHost({
    storage,
    classes: classes({ checkRoom }),
    onError(error, actor) {
      // The failed commit is lost and its callers got the error; the released reserve makes room for the next ones.
      if (actor === null && isDiskFull(error) && reserve.release()) reserve.keep();
      onError(error, actor);
    },
  });
  let isDamaged = false;
  const copy = new DailyCopy(storage, file, { onError: (error) => onError(error, null) });
  if (hasReserve) {
    storage.file.keep(undefined, onRefusal);
    reserve.keep();
    copy.keep();
    storage.scan.keep({
      isInUse: (actor) => host.loaded(actor.class).some(({ id }) => id === actor.id),
      onRound(error) {
        if (error !== null) onError(error, null);
        isDamaged = error !== null;
      },
    });
  }
  return {
    host,
    checkRoom,
    reasonsNotReady: () => [
      ...(isFull() ? [NO_ROOM] : []),
      ...(storage.file.refusal === null ? [] : [storage.file.refusal]),
      ...(isDamaged ? [DAMAGED] : []),
    ],
    check: () =>
      track(storage.frozen(async (from) => (await runStoreTask({ task: 'check', from })) as StoreCheck)),
    backup: (to) => track(writeCopy(to, (unfinished) => storage.copyTo(unfinished))),
    async close() {
      reserve.close();
      await copy.close();
      await Promise.allSettled(tasks);
      await host.close();
    },
  };
}

/** On a full disk the reserve is released, so that the server starts and can report it. */
function open(file: string, reserve: DiskReserve, options: StoreOptions): ReturnType<typeof openStore> {
  for (;;) {
    try {
      return openStore(file, options);
    } catch (error) {
      if (!isDiskFull(error) || !reserve.release()) throw error;
    }
  }
}

/** Errors of the store name the data dir. */
function withDirInErrors<T>(dir: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SluiceError) || !/^(disk|store)_/.test(error.code)) throw error;
    throw new SluiceError(error.code, `${error.message} SLUICE_DATA_DIR is ${dir}.`, { cause: error });
  }
}

function isDiskFull(error: unknown): boolean {
  return error instanceof SluiceError && error.code === 'disk_full';
}
