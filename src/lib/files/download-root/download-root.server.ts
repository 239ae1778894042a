/**
 * Whether the download folder is the one that this store uses, and can be written. An unmounted disk leaves an empty
 * folder (or none) behind: nothing may be written there (docs/adr/028-a-mark-in-the-download-folder.md).
 */
import { constants } from 'node:fs';
import { access, lstat, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../../protocol/error.ts';
import type { Log } from '../../protocol/log.ts';
import { setDiskEpoch } from '../boot-id.server.ts';
import { errnoOf, toDiskError } from '../disk-error.ts';
import { WORK_ROOT } from '../work-dir.server.ts';
import type { KnownRoot, KnownRootFile } from './known-root.server.ts';
import { type MarkFile, newRootId, readMark, statMark, writeMark } from './mark.server.ts';
import { type Mount, mountOf } from './mount.server.ts';
import { type StorePlace, recordStore } from './store-record.server.ts';

interface DownloadRootOptions {
  dir: string;
  /** Where the known root is stored; null = a temporary store, which marks no folder. */
  file: KnownRootFile | null;
  /** What the file says of this folder; null = the folder is adopted at the first check. */
  known: KnownRoot | null;
  /** Whose record the folder gets; null = a temporary store. */
  store?: StorePlace | null;
  log: Log;
}

interface Folder {
  device: bigint;
  inode: bigint;
  bornNs: bigint;
}

/** Errors after which dirty pages of the disk may be lost, as after a power cut. */
const LOSES_PAGES: readonly string[] = ['disk_missing', 'disk_error', 'disk_read_only'];
/** A check is so good for as long: nobody pulls a disk out and puts it back in less. */
const FRESH_MS = 250;
const REMOUNTED = 'The disk of the download folder was away for a moment.';
const NO_MARK = 'The download folder is not the one that Sluice used before: its disk may not be mounted.';

export class DownloadRoot {
  readonly #dir: string;
  readonly #file: KnownRootFile | null;
  readonly #log: Log;
  /** Whose record is still to be written; null = it is there. */
  #unrecorded: StorePlace | null;
  #known: KnownRoot | null;
  /** The mark at the last check; null = none, or the last check failed. */
  #mark: MarkFile | null = null;
  #wasWell: boolean | null = null;
  #checkedMs = -Infinity;

  constructor({ dir, file, known, store = null, log }: DownloadRootOptions) {
    this.#dir = dir;
    this.#file = file;
    this.#known = known;
    this.#unrecorded = store;
    this.#log = log;
  }

  /** The id in the folder's mark; null = it has none (yet). */
  get id(): string | null {
    return this.#known?.root ?? null;
  }

  /**
   * Changes whenever the disk was missing, gave I/O errors or was mounted anew: like another boot, after which bytes that
   * were not synced are not trusted. The same across restarts of the process otherwise. Meaningful after a `check`.
   */
  get epoch(): string {
    return `${this.#known?.root ?? ''}:${this.#known?.epoch ?? 0}`;
  }

  /**
   * Whether the mark is the same file as at the last check: one stat. Always false for a folder without a mark, and when
   * the last check is so old that the disk may have been pulled out and put back since.
   */
  async isUnchanged(): Promise<boolean> {
    const before = this.#mark;
    if (before === null || performance.now() - this.#checkedMs > FRESH_MS) return false;
    const now = await statMark(this.#dir).catch(() => null);
    return now?.device === before.device && now.inode === before.inode;
  }

  /**
   * @param thorough also writes and removes a file: a disk that gives I/O errors may still answer everything else
   * @throws SluiceError `disk_missing`, `disk_denied`, `disk_read_only`, `disk_error`
   */
  async check({ thorough = false } = {}): Promise<void> {
    try {
      await this.#recognise(await this.#stat());
      await this.#requireAccess();
      if (thorough) await this.#tryToWrite();
      if (this.#unrecorded !== null && this.#mark !== null) await this.#recordStore(this.#unrecorded);
      this.#wasWell = true;
      this.#checkedMs = performance.now();
      setDiskEpoch(this.#known?.epoch ?? 0);
    } catch (thrown) {
      const error = toDiskError(thrown);
      this.#mark = null;
      if (this.#wasWell !== false && LOSES_PAGES.includes(error.code)) this.#raiseEpoch();
      this.#wasWell = false;
      throw error;
    }
  }

  /** A call on a file failed although the folder is in order now: what was written before may be lost. */
  distrust(): void {
    if (this.#wasWell === true) this.#raiseEpoch();
  }

  async #stat(): Promise<Folder> {
    const found = await stat(this.#dir, { bigint: true });
    if (!found.isDirectory()) throw new SluiceError('disk_missing');
    return { device: found.dev, inode: found.ino, bornNs: found.birthtimeNs };
  }

  async #recognise(folder: Folder): Promise<void> {
    const known = this.#known;
    // 50 µs.
    const mount = await mountOf(this.#dir);
    if (this.#file === null) {
      if (known !== null && known.device !== folder.device.toString())
        throw new SluiceError('disk_missing', NO_MARK);
      this.#known ??= knownRoot(this.#dir, null, folder, null, 0);
      return;
    }
    const found = await readMark(this.#dir);
    if (known !== null && !(await this.#isKnown(known, folder, found)))
      throw new SluiceError('disk_missing', NO_MARK);
    const root = found ?? (await this.#writeMark(known?.root ?? newRootId(), folder));
    this.#mark = root === null ? null : await statMark(this.#dir);
    const isRemounted =
      known !== null &&
      (known.device !== folder.device.toString() || (mount !== null && known.mount !== mount.text));
    // Those who work there end before the next check, from which on the epoch is another.
    if (isRemounted && this.#wasWell === true) {
      await this.#requireAccess();
      throw new SluiceError('disk_missing', REMOUNTED);
    }
    const epoch = (known?.epoch ?? 0) + (isRemounted ? 1 : 0);
    const isSame = known !== null && known.root === root && isSameFolder(known, folder) && !isRemounted;
    const next = knownRoot(this.#dir, root, folder, mount?.text ?? known?.mount ?? null, epoch);
    this.#known = next;
    // Also once at the start, for `seenAt`.
    if (!isSame || this.#wasWell === null) this.#store(next);
  }

  async #requireAccess(): Promise<void> {
    await access(this.#dir, constants.W_OK | constants.X_OK);
  }

  async #isKnown(known: KnownRoot, folder: Folder, mark: string | null): Promise<boolean> {
    if (mark !== null && mark === known.root) return true;
    // Its mark was removed together with `.sluice`, or could not be written yet.
    if (isSameFolder(known, folder)) return true;
    // Never marked, for it could not be written: nothing else is known of it after a restart.
    if (known.root === null && this.#wasWell === null) return true;
    return this.#isMadeAnew(known, folder, await mountOf(this.#dir));
  }

  /** A new folder that a person made where the old one was: on the same mount, and created since the last look. */
  #isMadeAnew(
    { device, seenAt, mount: knownMount }: KnownRoot,
    folder: Folder,
    mount: Mount | null,
  ): boolean {
    const isSameMount = mount === null || withoutId(mount.text) === withoutId(knownMount ?? '');
    const isSameDisk = isSameMount && device === folder.device.toString();
    return isSameDisk && mount?.isPoint !== true && Number(folder.bornNs / 1_000_000n) > seenAt;
  }

  /** null = it cannot be written now: the next check tries again. */
  async #writeMark(root: string, folder: Folder): Promise<string | null> {
    const requireSame = async (): Promise<void> => {
      const { device, inode } = await this.#stat();
      if (device !== folder.device || inode !== folder.inode) throw new SluiceError('disk_missing', NO_MARK);
    };
    try {
      return await writeMark(this.#dir, root, requireSame);
    } catch (thrown) {
      if (thrown instanceof SluiceError) throw thrown;
      if (this.#wasWell !== false) {
        this.#log('the download folder could not be marked', { code: errnoOf(thrown) });
      }
      return null;
    }
  }

  /** What fails is tried again at the next check. */
  async #recordStore(store: StorePlace): Promise<void> {
    try {
      await recordStore(this.#dir, store);
      this.#unrecorded = null;
    } catch (thrown) {
      if (this.#wasWell === null)
        this.#log('the download folder could not be given the note of its store', { code: errnoOf(thrown) });
    }
  }

  async #tryToWrite(): Promise<void> {
    const path = join(this.#dir, WORK_ROOT, `probe-${newRootId()}`);
    try {
      await writeFile(path, 'probe', { flag: 'wx', mode: 0o600 });
      await rm(path);
    } catch (thrown) {
      await rm(path, { force: true }).catch(() => undefined);
      const errno = errnoOf(thrown);
      // Free space is checked elsewhere, and a folder that holds no work yet has no `.sluice`.
      if (errno === 'ENOSPC' || errno === 'EDQUOT') return;
      if (errno === 'ENOENT' && (await lstat(join(this.#dir, WORK_ROOT)).catch(() => null)) === null) return;
      throw thrown;
    }
  }

  #raiseEpoch(): void {
    if (this.#known === null) return;
    this.#known = { ...this.#known, epoch: this.#known.epoch + 1 };
    this.#store(this.#known);
  }

  #store(root: KnownRoot): void {
    try {
      this.#file?.write(root);
    } catch (thrown) {
      this.#log('which download folder is used could not be stored', { thrown });
    }
  }
}

function knownRoot(
  path: string,
  root: string | null,
  { device, inode, bornNs }: Folder,
  mount: string | null,
  epoch: number,
): KnownRoot {
  const identity = { device: device.toString(), inode: inode.toString(), bornNs: bornNs.toString() };
  return { path, root, ...identity, seenAt: Date.now(), mount, epoch };
}

/** Mount ids change with each boot. */
function withoutId(mount: string): string {
  return mount.slice(mount.indexOf(' '));
}

/** Inode numbers and devices are given again (each ext4 has its root at 2): only with its birth it is the same folder. */
function isSameFolder({ device, inode, bornNs, root }: KnownRoot, folder: Folder): boolean {
  const isSameInode = device === folder.device.toString() && inode === folder.inode.toString();
  return isSameInode && bornNs === folder.bornNs.toString() && (bornNs !== '0' || root === null);
}
