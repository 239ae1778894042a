/**
 * What the lists of each owner hold on the disk of the download folder. Counted from the store and the folder, and only while
 * little room is left: so it is true after a restart, and of files that were moved away.
 */
import type { EmbeddedHost } from '#lib/actors/durable/host.server.ts';
import { rowsWithBytes, storedOwner } from '#lib/actors/session/rows-with-bytes.ts';
import type { DownloadRow } from '#lib/actors/download/row.ts';
import { Files } from '#lib/files/files.server.ts';
import { landedFile } from '#lib/files/landed-file.ts';
import type { DiskSpace } from '#lib/files/disk-space.server.ts';
import { type HeldBytes, exceedsDiskShare, PLENTY_BYTES } from '#lib/quota/disk-share.ts';
import { dropOldest } from '#lib/protocol/drop-oldest.ts';
import { LOCAL, UNKNOWN } from '#lib/quota/quota.ts';
import type { StoredSessions } from './stored-sessions.ts';

/** Read in one turn of the event loop: about 2 ms. */
const ROWS_A_TURN = 100;
/** How long a count is valid: a download that waits for the disk reads it while the free space is about the same. */
const GOOD_FOR_MS = 15_000;
const ABOUT = 0.1;
/** Of one owner, who has a limit: what arrives meanwhile may be too much. */
const OF_OWNER_GOOD_FOR_MS = 1_000;
/** A store with 100,000 downloads takes 2 s of CPU: at most a twentieth of the time goes into counting. */
const TIMES_AS_LONG = 20;

/** Of people: more are not asked about within a minute. */
const MAX_COUNTED = 1_000;

interface Count {
  bytes: Promise<number | null>;
  /** null = it is being counted. */
  endedAt: number | null;
  tookMs: number;
}

interface DiskHoldingsOptions {
  host: Pick<EmbeddedHost, 'stored'>;
  sessionClass: string;
  sessions: Pick<StoredSessions, 'ids'>;
  downloadDir: string;
  /** ms, monotonic. */
  now?: () => number;
}

export class DiskHoldings {
  readonly #options: DiskHoldingsOptions;
  readonly #files: Files;
  readonly #now: () => number;
  #held: HeldBytes = new Map();
  /** Of `#held`. */
  #counted = { at: -Infinity, tookMs: 0, freeBytes: 0 };
  #counting: Promise<void> | null = null;
  /** Of single owners. */
  readonly #ofOwner = new Map<string, Count>();

  constructor(options: DiskHoldingsOptions) {
    this.#options = options;
    this.#files = new Files(options.downloadDir);
    this.#now = options.now ?? (() => performance.now());
  }

  /** As `SpaceMonitorOptions.isForOthers`. */
  async isForOthers(owner: string = UNKNOWN, { freeBytes }: DiskSpace): Promise<boolean> {
    if (owner === LOCAL || freeBytes >= PLENTY_BYTES) return false;
    if (this.#isOld(freeBytes)) await (this.#counting ??= this.#count(freeBytes));
    return exceedsDiskShare(owner, freeBytes, this.#held);
  }

  /**
   * What an owner's lists hold, a little while ago; null = that cannot be read now.
   * @param lists where they are known: else all are looked through
   */
  async bytesOf(owner: string, lists?: readonly string[]): Promise<number | null> {
    const known = this.#ofOwner.get(owner);
    const isFresh = (count: Count): boolean =>
      count.endedAt === null ||
      this.#now() - count.endedAt < Math.max(OF_OWNER_GOOD_FOR_MS, count.tookMs * TIMES_AS_LONG);
    if (known !== undefined && isFresh(known)) return known.bytes;
    const count: Count = { bytes: this.#countOf(owner, lists), endedAt: null, tookMs: 0 };
    this.#ofOwner.delete(owner);
    this.#ofOwner.set(owner, count);
    dropOldest(this.#ofOwner, MAX_COUNTED);
    const startedAt = this.#now();
    const bytes = await count.bytes;
    count.endedAt = this.#now();
    count.tookMs = count.endedAt - startedAt;
    return bytes;
  }

  async #countOf(owner: string, lists?: readonly string[]): Promise<number | null> {
    let sum = 0;
    try {
      for await (const session of lists ?? this.#options.sessions.ids()) {
        if (this.#ownerOf(session) === owner) sum += (await this.#heldBy(session)).bytes;
      }
      return sum;
    } catch {
      return null;
    }
  }

  #ownerOf(session: string): string | null {
    const { host, sessionClass } = this.#options;
    try {
      return storedOwner(host.stored(sessionClass, session));
    } catch {
      return null;
    }
  }

  #isOld(freeBytes: number): boolean {
    const { at, tookMs, freeBytes: before } = this.#counted;
    const ageMs = this.#now() - at;
    const isSame = Math.abs(freeBytes - before) <= before * ABOUT;
    return ageMs >= tookMs * TIMES_AS_LONG && (!isSame || ageMs >= GOOD_FOR_MS);
  }

  async #count(freeBytes: number): Promise<void> {
    const { sessions } = this.#options;
    const startedAt = this.#now();
    const held = new Map<string, number>();
    try {
      for await (const session of sessions.ids()) {
        const { owner, bytes } = await this.#heldBy(session);
        if (owner !== LOCAL) held.set(owner, (held.get(owner) ?? 0) + bytes);
      }
      this.#held = held;
    } catch {
      // The store cannot be read now: what was counted before is the best that there is.
    } finally {
      const at = this.#now();
      this.#counted = { at, tookMs: at - startedAt, freeBytes };
      this.#counting = null;
    }
  }

  async #heldBy(session: string): Promise<{ owner: string; bytes: number }> {
    const { host, sessionClass } = this.#options;
    const stored = host.stored(sessionClass, session);
    let [owner, bytes] = [UNKNOWN, 0];
    try {
      owner = storedOwner(stored) ?? UNKNOWN;
      if (owner === LOCAL) return { owner, bytes };
      for (const rows of rowsWithBytes(stored, ROWS_A_TURN)) {
        const sizes = await Promise.all(rows.map((row) => this.#sizeOf(row)));
        bytes = sizes.reduce((sum, size) => sum + size, bytes);
      }
    } catch {
      // Damaged, or written by a newer Sluice: what could be read counts.
    }
    return { owner, bytes };
  }

  async #sizeOf({ file, receivedBytes }: DownloadRow): Promise<number> {
    return file === null ? receivedBytes : await this.#files.bytesOf(landedFile(file));
  }
}
