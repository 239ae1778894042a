/**
 * The sizes that servers said of yt-dlp's files, kept in the work dir for the next attempt. yt-dlp goes on from the
 * bytes it has without a validator, and takes any answer without Content-Range for the whole file; another size than
 * before is how to see that what it makes of that is the rest alone, or bytes of two versions.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { toDiskError } from '../disk-error.ts';

const FILE = 'sluice-sizes.json';
const Sizes = v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(1)));

export interface OtherSize {
  /** The file, without `.part`. */
  name: string;
  nowBytes: number;
  saidBytes: number;
}

/** What is being fetched. */
export interface CurrentPart {
  /** As in `OtherSize`. */
  name: string;
  /** From which byte it goes on; 0 = from the start. */
  resumedAt: number;
}

export class PartSizes {
  /** The first one that did not fit; null = all do. */
  other: OtherSize | null = null;
  readonly #workDir: string;
  readonly #said: Map<string, number>;
  /** Sizes that are those of the rest. */
  readonly #refused = new Map<string, number>();
  /** Those that something was said of since this run began. */
  readonly #inThisRun = new Set<string>();
  #noting: Promise<void> = Promise.resolve();

  private constructor(workDir: string, said: Map<string, number>) {
    this.#workDir = workDir;
    this.#said = said;
  }

  static async open(workDir: string): Promise<PartSizes> {
    const text = await readFile(join(workDir, FILE), 'utf8').catch(() => '{}');
    let said: Record<string, number> = {};
    try {
      said = v.parse(Sizes, JSON.parse(text));
    } catch {
      // half of one: nothing is known
    }
    return new PartSizes(workDir, new Map(Object.entries(said)));
  }

  /**
   * Holds what a server says against what was said of this file before.
   * @param bytes exact, of the whole file
   * @param isFinal what came in the end, which need not be what was said
   * @returns whether it fits
   */
  hold({ name, resumedAt }: CurrentPart, bytes: number, isFinal: boolean): boolean {
    const saidBytes = this.#said.get(name);
    const isFirst = !this.#inThisRun.has(name);
    this.#inThisRun.add(name);
    if (this.#refused.get(name) === bytes) {
      this.other ??= { name, nowBytes: bytes, saidBytes: saidBytes ?? bytes };
      return false;
    }
    if (saidBytes === bytes || (saidBytes === undefined && isFinal)) return true;
    // fetched from its start it may be of any version
    if (saidBytes === undefined || (isFirst && resumedAt === 0)) {
      this.#said.set(name, bytes);
      // a note that cannot be written only means that less is known later
      this.#noting = this.#noting.then(() => this.#note()).catch(() => undefined);
      return true;
    }
    // after a broken connection yt-dlp does not say where it goes on
    const isRest = isFirst ? bytes === saidBytes - resumedAt : bytes < saidBytes;
    if (isRest) this.#refused.set(name, bytes);
    this.other ??= { name, nowBytes: bytes, saidBytes };
    return false;
  }

  /** Resolves once all is noted. */
  noted(): Promise<void> {
    return this.#noting;
  }

  /** Takes away what is here of the `other`, so that it is asked for without a range. @throws SluiceError `disk_*` */
  async startOver({ name }: OtherSize): Promise<void> {
    this.other = null;
    this.#inThisRun.clear();
    try {
      for (const each of [name, `${name}.part`]) await rm(join(this.#workDir, each), { force: true });
    } catch (thrown) {
      throw toDiskError(thrown);
    }
  }

  async #note(): Promise<void> {
    const path = join(this.#workDir, FILE);
    await writeFile(`${path}.new`, JSON.stringify(Object.fromEntries(this.#said)));
    await rename(`${path}.new`, path);
  }
}
