/**
 * The download folder and the free space on its disk, checked for all attempts together: before one starts, when its
 * size becomes known, and every 2 s while any runs. Downloads stop before the last byte is used: other programs need the
 * disk too, and the state store must be able to record why they stopped.
 */
import { SluiceError, toSluiceError } from '../protocol/error.ts';
import { errnoOf } from '../files/disk-error.ts';
import type { DiskSpace } from '../files/disk-space.server.ts';
import type { StartJob } from '../protocol/runner.ts';
import type { FolderGate } from './folder-gate.ts';
import { startTimer, type RunnerClock } from './clock.ts';
import { FILE_SYMPTOMS } from './explain-by-files.ts';

export interface SpaceMonitorOptions {
  /** null = the file system does not say. @throws SluiceError `disk_missing` */
  measure: () => Promise<DiskSpace | null>;
  gate: FolderGate;
  /** A call on a file failed with an I/O error. */
  onDiskError?: () => void;
  /** Whether the rest of the disk is for others than this owner. Absent = never. */
  isForOthers?: (owner: string | undefined, space: DiskSpace) => Promise<boolean>;
  /** Bytes that an owner holds on the disk; null = they cannot be counted now. Absent = nobody has a limit. */
  heldBy?: (owner: string) => Promise<number | null>;
  clock: RunnerClock;
}

export interface SpaceUser {
  readonly job: Pick<StartJob, 'owner' | 'limits'>;
  /** Bytes still to be written; 0 = not known. */
  readonly remainingBytes: number;
  /** Of them, those that no other download may count on: `reservedOf`. */
  readonly reservedBytes: number;
  /** Called when there is no space, or the download dir is not in order, any more. */
  abort(reason: SluiceError): void;
  /** Called at each check while the download dir is in order: whether its own files are still there. */
  checkFiles(): void;
}

/** One statfs, 20 µs, a check. A disk that fills up in less time ends in ENOSPC, which means the same. */
const CHECK_MS = 2_000;
/** Kept free when a download starts; on a disk below 6.4 GB a hundredth of it. */
const RESERVE_BYTES = 64 * 1024 * 1024;
const RESERVE_DIVISOR = 100;
const RESERVED_SECONDS = 300;
/** Five minutes at 30 Mbit/s. */
const RESERVED_AT_UNKNOWN_RATE = 1024 * 1024 * 1024;
/** How engines' output mentions a full disk: Go, Python and ffmpeg all use strerror. */
const DISK_FULL_OUTPUT = /No space left on device|Disk quota exceeded/i;
/** Failures that a full or failing disk can cause; what a server answered is never one. */
const DISK_SYMPTOMS: readonly string[] = [...FILE_SYMPTOMS, 'engine_stalled'];

/** After these errors bytes that were written before may be lost. */
const LOSES_PAGES: readonly string[] = ['disk_error', 'disk_read_only'];

export class SpaceMonitor {
  readonly #options: SpaceMonitorOptions;
  /** In order of registration: the first has the first claim on the space. */
  readonly #users = new Set<SpaceUser>();
  #stopTimer: (() => void) | null = null;
  #isSharing = false;

  constructor(options: SpaceMonitorOptions) {
    this.#options = options;
  }

  /** From now on the user is aborted when space runs out. @returns ends that */
  register(user: SpaceUser): () => void {
    this.#users.add(user);
    if (this.#stopTimer === null) this.#scheduleCheck();
    return () => {
      this.#users.delete(user);
      if (this.#users.size > 0) return;
      this.#stopTimer?.();
      this.#stopTimer = null;
    };
  }

  /**
   * Checks that a user's remaining bytes fit beside what is reserved for the users before it, and the reserve.
   * @throws SluiceError `disk_full`, `disk_share`, `person_limit`, `disk_missing`
   */
  async require(user: SpaceUser): Promise<void> {
    const space = await this.#options.measure();
    if (space === null) return;
    let left = space.freeBytes - reserveOf(space);
    for (const other of this.#users) {
      if (other === user) break;
      left -= other.reservedBytes;
    }
    if (left <= 0) throw diskFull(space);
    const { remainingBytes: bytesToCome } = user;
    if (bytesToCome > left) {
      throw new SluiceError(
        'disk_full',
        `${megabytes(bytesToCome)} are still to come, there is room for ${megabytes(left)}.`,
      );
    }
    await this.#requireShare(user, space);
  }

  async #requireShare(user: SpaceUser, space: DiskSpace): Promise<void> {
    const { owner, limits } = user.job;
    if ((await this.#options.isForOthers?.(owner, space)) === true) throw new SluiceError('disk_share');
    if (owner === undefined || limits?.bytes === undefined) return;
    const heldBytes = (await this.#options.heldBy?.(owner)) ?? 0;
    if (heldBytes + this.#toComeFor(owner, user) > limits.bytes) throw new SluiceError('person_limit');
  }

  /** What is still to be written for an owner, up to and with one of their downloads. */
  #toComeFor(owner: string, until: SpaceUser): number {
    let bytes = until.remainingBytes;
    for (const other of this.#users) {
      if (other === until) break;
      if (other.job.owner === owner) bytes += other.remainingBytes;
    }
    return bytes;
  }

  /** The cause of a failed attempt: `thrown`, or `disk_*` when the disk explains it. */
  async explain(thrown: SluiceError, output: string): Promise<SluiceError> {
    if (!mayBeDisk(thrown)) return thrown;
    const closed = await this.#options.gate.inspect({ thorough: true });
    const isFromSystem = errnoOf(thrown.cause) !== null;
    if (isFromSystem && LOSES_PAGES.includes(thrown.code)) this.#options.onDiskError?.();
    if (closed !== null) return closed;
    try {
      const space = await this.#options.measure();
      if (DISK_FULL_OUTPUT.test(output)) return new SluiceError('disk_full', undefined, { cause: thrown });
      return space !== null && isLow(space) ? diskFull(space, thrown) : thrown;
    } catch (missing) {
      return toSluiceError(missing);
    }
  }

  #scheduleCheck(): void {
    this.#stopTimer = startTimer(this.#options.clock, CHECK_MS, () => void this.#check());
  }

  async #check(): Promise<void> {
    const folderChecked = this.#checkFolder();
    let reason: SluiceError | null = null;
    let space: DiskSpace | null = null;
    try {
      space = await this.#options.measure();
      if (space !== null && isLow(space)) reason = diskFull(space);
    } catch (thrown) {
      // The gate closes first: who gets the slots of those that are aborted has to find it closed.
      await folderChecked;
      if (thrown instanceof SluiceError) reason = thrown;
    }
    if (this.#users.size === 0) return;
    this.#scheduleCheck();
    if (reason !== null) for (const user of [...this.#users]) user.abort(reason);
    else if (space !== null) void this.#share(space);
  }

  /** Ends those of owners who have to leave the rest to others. What these hold may take long to count. */
  async #share(space: DiskSpace): Promise<void> {
    if (this.#isSharing) return;
    this.#isSharing = true;
    for (const user of [...this.#users])
      await this.#requireShare(user, space).catch((reason: SluiceError) => user.abort(reason));
    this.#isSharing = false;
  }

  async #checkFolder(): Promise<void> {
    const closed = await this.#options.gate.inspect();
    for (const user of [...this.#users]) {
      if (closed === null) user.checkFiles();
      else user.abort(closed);
    }
  }
}

/**
 * A server may announce any size, and send a byte a second: what it announces is reserved as far as the next five minutes can
 * bring it at the present rate. One that turns out to be faster takes part in the next check.
 * @param bytesPerSecond null = not known yet
 */
export function reservedOf(remainingBytes: number, bytesPerSecond: number | null): number {
  const soon = bytesPerSecond === null ? RESERVED_AT_UNKNOWN_RATE : bytesPerSecond * RESERVED_SECONDS;
  return Math.min(remainingBytes, Math.ceil(soon));
}

function reserveOf({ totalBytes }: DiskSpace): number {
  return Math.min(RESERVE_BYTES, totalBytes / RESERVE_DIVISOR);
}

/** Half of the reserve: a download that just fitted must not be stopped at its last bytes. */
function isLow(space: DiskSpace): boolean {
  return space.freeBytes < reserveOf(space) / 2;
}

function diskFull(space: DiskSpace, cause?: unknown): SluiceError {
  const { freeBytes } = space;
  const message = `The disk is full: ${megabytes(freeBytes)} are free, ${megabytes(reserveOf(space))} are kept free.`;
  return new SluiceError('disk_full', message, { cause });
}

function mayBeDisk(thrown: SluiceError): boolean {
  return DISK_SYMPTOMS.includes(thrown.code);
}

function megabytes(bytes: number): string {
  return `${(Math.max(0, bytes) / 1e6).toFixed(1)} MB`;
}
