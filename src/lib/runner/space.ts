/**
 * Room on the disk of the download dir, looked at for all runs together: before a run starts, when its size becomes
 * known, and every few seconds while any runs. Downloads stop before the disk is full to the last byte, because
 * others need it too, and because the state store has to be able to say why they stopped.
 */
import { SluiceError } from '../protocol/error.ts';
import type { DiskSpace } from '../files/disk-space.server.ts';
import { startTimer, type Clock } from './clock.ts';

export interface SpaceOptions {
  /** null = the file system does not say. @throws SluiceError `disk_missing` */
  measure: () => Promise<DiskSpace | null>;
  clock: Clock;
  /** ms between two looks while anything runs. */
  checkMs?: number;
}

/** A run as it uses the disk. */
export interface SpaceUser {
  /** Bytes that are still to be written, as far as they are known: 0 when nothing is. */
  readonly bytesToCome: number;
  /** There is no room, or no folder any more. */
  stop(reason: SluiceError): void;
}

/** One statfs a look: 20 µs. A disk that fills in less ends in ENOSPC, which means the same. */
const CHECK_MS = 2_000;
/** Downloads start with no less left over; on a disk below 6.4 GB it is its hundredth. */
const RESERVE_BYTES = 64 * 1024 * 1024;
const RESERVE_PART = 100;
/** What an engine's words say of a full disk, whatever it makes of that: Go, Python and ffmpeg all use strerror. */
const SAYS_FULL = /No space left on device|Disk quota exceeded/i;
/** Failures that can be a full disk in disguise; what a server answered cannot. */
const DISGUISES: readonly string[] = [
  'disk_error',
  'disk_missing',
  'engine_exit',
  'engine_output',
  'file_missing',
  'internal_error',
  'invalid_manifest',
  'not_media',
  'size_mismatch',
];

export class SpaceWatch {
  readonly #options: SpaceOptions;
  readonly #checkMs: number;
  /** In the order in which they came: who came first is served first. */
  readonly #users = new Set<SpaceUser>();
  #stopTimer: (() => void) | null = null;

  constructor(options: SpaceOptions) {
    this.#options = options;
    this.#checkMs = options.checkMs ?? CHECK_MS;
  }

  /** From here on the user is stopped when room runs out. @returns ends that */
  enter(user: SpaceUser): () => void {
    this.#users.add(user);
    if (this.#stopTimer === null) this.#arm();
    return () => {
      this.#users.delete(user);
      if (this.#users.size > 0) return;
      this.#stopTimer?.();
      this.#stopTimer = null;
    };
  }

  /**
   * Whether there is room for what a user has to write, beside what those before it have and the reserve.
   * @throws SluiceError `disk_full`, `disk_missing`
   */
  async require(user: SpaceUser): Promise<void> {
    const space = await this.#options.measure();
    if (space === null) return;
    let left = space.freeBytes - reserveOf(space);
    for (const other of this.#users) {
      if (other === user) break;
      left -= other.bytesToCome;
    }
    if (left <= 0) throw full(space);
    const { bytesToCome } = user;
    if (bytesToCome > left) {
      throw new SluiceError(
        'disk_full',
        `${megabytes(bytesToCome)} are still to come, there is room for ${megabytes(left)}.`,
      );
    }
  }

  /** Why a run failed: what was thrown, unless it hides that the disk is full or the folder gone. */
  async explain(thrown: unknown, output: string): Promise<unknown> {
    if (!isDisguise(thrown)) return thrown;
    try {
      const space = await this.#options.measure();
      if (SAYS_FULL.test(output)) return new SluiceError('disk_full', undefined, { cause: thrown });
      return space !== null && isLow(space) ? full(space, thrown) : thrown;
    } catch (missing) {
      return missing;
    }
  }

  #arm(): void {
    this.#stopTimer = startTimer(this.#options.clock, this.#checkMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    let reason: SluiceError | null = null;
    try {
      const space = await this.#options.measure();
      if (space !== null && isLow(space)) reason = full(space);
    } catch (thrown) {
      if (thrown instanceof SluiceError) reason = thrown;
    }
    if (this.#users.size === 0) return;
    this.#arm();
    if (reason !== null) for (const user of [...this.#users]) user.stop(reason);
  }
}

function reserveOf({ totalBytes }: DiskSpace): number {
  return Math.min(RESERVE_BYTES, totalBytes / RESERVE_PART);
}

/** Half of the reserve: a download that just fitted must not be stopped at its last bytes. */
function isLow(space: DiskSpace): boolean {
  return space.freeBytes < reserveOf(space) / 2;
}

function full(space: DiskSpace, cause?: unknown): SluiceError {
  const { freeBytes } = space;
  const message = `The disk is full: ${megabytes(freeBytes)} are free, ${megabytes(reserveOf(space))} are kept free.`;
  return new SluiceError('disk_full', message, { cause });
}

function isDisguise(thrown: unknown): boolean {
  return !(thrown instanceof SluiceError) || DISGUISES.includes(thrown.code);
}

function megabytes(bytes: number): string {
  return `${(Math.max(0, bytes) / 1e6).toFixed(1)} MB`;
}
