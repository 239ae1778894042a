/**
 * A begun fragment: `FRAGMENT.part` holds its first bytes, decrypted, and a note says of which version of its file they
 * are. In the boot that wrote them its length is trusted: what a killed process wrote is in the page cache.
 */
import { type FileHandle, open, rename, rm, stat, truncate } from 'node:fs/promises';
import * as v from 'valibot';
import { errnoOf } from '../../../files/disk-error.ts';
import { readAt } from '../../../files/read-at.server.ts';
import type { SeenFile } from '../head/reported.ts';

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Text = v.nullable(v.string());
export const SeenSchema = v.object({
  validators: v.object({ etag: Text, lastModified: Text, ifRange: Text }),
  totalBytes: v.nullable(Count),
}) satisfies v.GenericSchema<SeenFile>;

/** What the server has reported of the file when the fragment was begun. */
export const PartNote = v.object({ url: v.string(), seen: SeenSchema });
export type PartNote = v.InferOutput<typeof PartNote>;

export const PART_SUFFIX = '.part';

/** Keeps the notes of begun fragments, and has their bytes synced. */
export interface PartKeeper {
  /** In a moment: a fragment that is whole by then needs no note. */
  add(note: PartNote): void;
  /** Resolves once the note is gone from the disk. */
  remove(): Promise<void>;
  /** More bytes are in the file. */
  written(bytes: number): void;
}

export class FragmentPart {
  /** Of the fragment once it is whole. */
  readonly path: string;
  readonly #keeper: PartKeeper;
  #bytes: number;
  #note: PartNote | null;

  private constructor(path: string, bytes: number, note: PartNote | null, keeper: PartKeeper) {
    this.path = path;
    this.#bytes = bytes;
    this.#note = note;
    this.#keeper = keeper;
  }

  /** Of which nothing is there. */
  static fresh(path: string, keeper: PartKeeper): FragmentPart {
    return new FragmentPart(path, 0, null, keeper);
  }

  /** What an earlier attempt has left. */
  static async find(path: string, note: PartNote, keeper: PartKeeper): Promise<FragmentPart> {
    const bytes = await sizeOf(path + PART_SUFFIX);
    return new FragmentPart(path, bytes, bytes === 0 ? null : note, keeper);
  }

  /** On the disk. */
  get bytes(): number {
    return this.#bytes;
  }

  get note(): PartNote | null {
    return this.#note;
  }

  /** Forgets bytes at the end; they are overwritten. */
  keep(bytes: number): void {
    this.#bytes = Math.min(this.#bytes, bytes);
  }

  /** From `start` on. */
  read(start: number, length = this.#bytes - start): Promise<Buffer> {
    return readAt(this.path + PART_SUFFIX, start, length);
  }

  /** Removes bytes at the end, also from the disk: they may be wrong. */
  async cutBack(bytes: number): Promise<void> {
    if (bytes === 0) return this.drop();
    this.keep(bytes);
    await truncate(this.path + PART_SUFFIX, this.#bytes);
  }

  /** The server has reported the size of the file, of which it had said nothing before. */
  learnTotal(totalBytes: number): void {
    if (this.#note === null || this.#note.seen.totalBytes !== null) return;
    this.#note = { ...this.#note, seen: { ...this.#note.seen, totalBytes } };
    this.#keeper.add(this.#note);
  }

  /** Trusts no byte any more, and has nothing noted of them. */
  async drop(): Promise<void> {
    const hadNote = this.#note !== null;
    [this.#note, this.#bytes] = [null, 0];
    if (hadNote) await this.#keeper.remove();
  }

  /** Must be called before the first byte, which may be of another version than those before. */
  async begin(note: PartNote): Promise<void> {
    await this.drop();
    this.#note = note;
    this.#keeper.add(note);
  }

  /** @throws what the chunks throw; the errno of the disk */
  async append(chunks: AsyncIterable<Buffer>): Promise<void> {
    const handle = await this.#open();
    try {
      if (this.#bytes > 0) await handle.truncate(this.#bytes);
      for await (const chunk of chunks) {
        await handle.appendFile(chunk);
        this.#bytes += chunk.length;
        this.#keeper.written(chunk.length);
      }
    } finally {
      await handle.close();
    }
  }

  async #open(): Promise<FileHandle> {
    const path = this.path + PART_SUFFIX;
    if (this.#bytes > 0) return open(path, 'a');
    // a new file each time: the note of a sync names it by its inode
    return open(path, 'ax').catch(async (thrown: unknown) => {
      if (errnoOf(thrown) !== 'EEXIST') throw thrown;
      await rm(path);
      return open(path, 'ax');
    });
  }

  /** All bytes are there. */
  async finish(): Promise<void> {
    await rename(this.path + PART_SUFFIX, this.path);
  }
}

/** 0 = there is none. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
