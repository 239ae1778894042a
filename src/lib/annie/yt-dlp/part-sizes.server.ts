/**
 * Sizes that servers announced for the files of yt-dlp, saved in the work dir for the next attempt. yt-dlp resumes without a
 * validator, and takes any response without Content-Range for the whole file. A size that differs from an earlier one
 * shows that the file would be only the rest, or a mix of two versions.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { replaceFile } from '../../files/replace-file.server.ts';
import { readNote } from '../../files/work-note.server.ts';
import { parseJsonAs } from '../../files/parse-json.ts';
import { toDiskError } from '../../files/disk-error.ts';

const FILE = 'sluice-sizes.json';
const Sizes = v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(1)));
/** All by file name, without `.part`. */
const Saved = v.object({ announced: Sizes, refused: Sizes, least: Sizes });
type Saved = v.InferOutput<typeof Saved>;

export interface SizeMismatch {
  /** The file, without `.part`. */
  name: string;
  nowBytes: number;
  earlierBytes: number;
}

/** The file that is being fetched. */
export interface CurrentPart {
  /** Without `.part`. */
  name: string;
  /** First byte of this run; 0 = from the start. */
  resumedAt: number;
}

export class PartSizes {
  /** The first one of this run; null = none. */
  mismatch: SizeMismatch | null = null;
  readonly #workDir: string;
  readonly #announced: Map<string, number>;
  /** Sizes of the rest of a file; in later attempts these are not taken for the whole file either. */
  readonly #refused: Map<string, number>;
  /** Bytes that a file must have to be resumed: with fewer, yt-dlp has begun it again. */
  readonly #minimum: Map<string, number>;
  /** Files whose size was announced in this run. */
  readonly #seen = new Set<string>();
  #saving: Promise<void> = Promise.resolve();

  constructor(workDir: string, { announced, refused, least }: Saved) {
    this.#workDir = workDir;
    this.#announced = new Map(Object.entries(announced));
    this.#refused = new Map(Object.entries(refused));
    this.#minimum = new Map(Object.entries(least));
  }

  static async open(workDir: string): Promise<PartSizes> {
    const text = await readNote(join(workDir, FILE)).catch(() => '');
    return new PartSizes(workDir, parseJsonAs(Saved, text) ?? { announced: {}, refused: {}, least: {} });
  }

  /**
   * Checks how many bytes a file is resumed with: a killed run may have overwritten them.
   * @returns false = `mismatch` is set
   */
  begin({ name, resumedAt }: CurrentPart): boolean {
    if (resumedAt === 0) return true;
    const minimum = this.#minimum.get(name) ?? 0;
    if (resumedAt < minimum) return this.#fail({ name, nowBytes: resumedAt, earlierBytes: minimum });
    this.#minimum.set(name, resumedAt);
    this.#saveSoon();
    return true;
  }

  /** Whether the server sent the exact size of this file: then it is one file there, not a stream of fragments. */
  isAnnounced(name: string): boolean {
    return this.#announced.has(name);
  }

  /** A file was cut to `bytes`, which are all good. */
  cut(name: string, bytes: number): void {
    if ((this.#minimum.get(name) ?? 0) > bytes) this.#minimum.set(name, bytes);
    this.#saveSoon();
  }

  /**
   * Compares an announced size with the earlier one of the same file.
   * @param bytes exact, of the whole file
   * @param isFinal the size of what has arrived, which need not have been announced
   * @returns false = `mismatch` is set
   */
  check({ name, resumedAt }: CurrentPart, bytes: number, isFinal: boolean): boolean {
    const earlierBytes = this.#announced.get(name);
    const isFirst = !this.#seen.has(name);
    this.#seen.add(name);
    if (this.#refused.get(name) === bytes)
      return this.#fail({ name, nowBytes: bytes, earlierBytes: earlierBytes ?? bytes });
    if (earlierBytes === bytes || (earlierBytes === undefined && isFinal)) return true;
    // a file that is fetched from the start may be of any version
    if (earlierBytes === undefined || (isFirst && resumedAt === 0)) {
      this.#announced.set(name, bytes);
      this.#saveSoon();
      return true;
    }
    // yt-dlp does not print where it resumes after a broken connection
    const isRest = isFirst ? bytes === earlierBytes - resumedAt : bytes < earlierBytes;
    if (isRest) this.#refused.set(name, bytes);
    return this.#fail({ name, nowBytes: bytes, earlierBytes });
  }

  /** Resolves once everything is saved. */
  saved(): Promise<void> {
    return this.#saving;
  }

  /** Deletes the file of a mismatch, so that it is requested without a range. @throws SluiceError `disk_*` */
  async startOver({ name }: SizeMismatch): Promise<void> {
    this.mismatch = null;
    this.#seen.clear();
    try {
      for (const each of [name, `${name}.part`]) await rm(join(this.#workDir, each), { force: true });
    } catch (thrown) {
      throw toDiskError(thrown);
    }
    this.#minimum.delete(name);
    this.#saveSoon();
    await this.saved();
  }

  #fail(mismatch: SizeMismatch): false {
    this.mismatch ??= mismatch;
    // if this process is killed before the file is deleted, the next attempt must not resume it
    this.#minimum.set(mismatch.name, Number.MAX_SAFE_INTEGER);
    this.#saveSoon();
    return false;
  }

  /** Errors are ignored: the next attempt then knows less. */
  #saveSoon(): void {
    this.#saving = this.#saving.then(() => this.#save()).catch(() => undefined);
  }

  async #save(): Promise<void> {
    const saved: Saved = {
      announced: Object.fromEntries(this.#announced),
      refused: Object.fromEntries(this.#refused),
      least: Object.fromEntries(this.#minimum),
    };
    await replaceFile(join(this.#workDir, FILE), JSON.stringify(saved));
  }
}
