/**
 * The files of an open store, and what is no more as we left it: their paths lead elsewhere, or another program has written
 * to them. The inodes are the same then, SQLite does not check (it alone has the lock), and what it commits goes into a WAL
 * that the next start cannot read, or that belongs to another file.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Overwritten } from './open-marker.server.ts';
import { number } from './pragma.server.ts';

/** https://sqlite.org/fileformat.html */
const WAL_HEADER_BYTES = 32;
const FILE_HEADER_BYTES = 100;

/** What is at fault is named by its setting: messages never have a path of this machine, the log has. */
export const RESUMES_BY_ITSELF = 'Sluice then goes on by itself.';

interface Content {
  /** The head, and the page with the id, which each checkpoint of ours changes. */
  store: Buffer;
  storeBytes: number;
  /** Its head, which has new salts whenever SQLite begins it anew. */
  wal: Buffer;
  walBytes: number;
}

export class OpenStoreFiles {
  readonly #database: DatabaseSync;
  readonly #file: string;
  readonly #given: string;
  /** Held so that the inode cannot be given to another file. Closed after the database: before, that would drop its lock. */
  readonly #store: number;
  readonly #inode: string;
  #walInode: string | null = null;
  /** SQLite has no lock on the WAL that closing this could drop. */
  #wal: number | null = null;
  readonly #pageBytes: number;
  /** Where the page with the id begins; null = a version without an id. */
  readonly #idAt: number | null;
  /** As it was after our last write; null = not known. */
  #content: Content | null = null;

  /**
   * @param given the path as it was given: `file` is where its links led to at the start
   * @throws the file system's own
   */
  constructor(database: DatabaseSync, file: string, given: string) {
    this.#database = database;
    this.#file = file;
    this.#given = given;
    this.#pageBytes = number(database, 'PRAGMA page_size');
    const page = database.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'store'`).get()?.[
      'rootpage'
    ];
    this.#idAt = page === undefined ? null : (Number(page) - 1) * this.#pageBytes;
    this.#store = fs.openSync(file, 'r');
    this.#inode = inodeOf(fs.fstatSync(this.#store, { bigint: true }));
  }

  get hasId(): boolean {
    return this.#idAt !== null;
  }

  /** What is wrong with where the path leads now; null = it leads to this file. */
  get misled(): string | null {
    const name = path.basename(this.#file);
    const now = inodeAt(this.#given);
    if (now === null)
      return `${name} is gone from the data folder, or its disk is not mounted: bring SLUICE_DATA_DIR back; ${RESUMES_BY_ITSELF}`;
    if (now !== this.#inode)
      return `${name} in the data folder is another file than the one that is open: put that one back into SLUICE_DATA_DIR; ${RESUMES_BY_ITSELF}`;
    return null;
  }

  get hasWal(): boolean {
    return inodeAt(`${this.#file}-wal`) === this.#walInode;
  }

  /** The WAL that is there now is ours. */
  ownWal(): void {
    if (this.#wal !== null) fs.closeSync(this.#wal);
    const wal = `${this.#file}-wal`;
    this.#walInode = inodeAt(wal);
    this.#wal = this.#walInode === null ? null : fs.openSync(wal, 'r');
    this.wrote();
  }

  /** To be called after each write to them. */
  wrote(): void {
    this.#content = this.#read();
  }

  /** After an error of the disk nobody knows what is there. */
  unknown(): void {
    this.#content = null;
  }

  /** What another program has written to since then; null = nothing that could be noticed. Some 5 µs. */
  overwritten(): Overwritten | null {
    const [known, now] = [this.#content, this.#content && this.#read()];
    if (known === null || now === null) return null;
    if (now.storeBytes !== known.storeBytes || !now.store.equals(known.store)) return 'store';
    // What is behind the bytes that we know of is read by nobody.
    if (now.walBytes < known.walBytes) return 'wal';
    // A long transaction writes to the WAL before it ends, and may begin it anew.
    return this.#database.isTransaction || now.wal.equals(known.wal) ? null : 'wal';
  }

  /** SQLite takes a page that the disk does not give for a damaged one. */
  canRead(): boolean {
    try {
      fs.readSync(this.#store, Buffer.alloc(1), 0, 1, 0);
      fs.fdatasyncSync(this.#store);
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    for (const descriptor of [this.#store, this.#wal]) if (descriptor !== null) fs.closeSync(descriptor);
  }

  #read(): Content | null {
    if (this.#idAt === null || this.#wal === null) return null;
    const store = Buffer.alloc(FILE_HEADER_BYTES + this.#pageBytes);
    const wal = Buffer.alloc(WAL_HEADER_BYTES);
    try {
      fs.readSync(this.#store, store, 0, FILE_HEADER_BYTES, 0);
      fs.readSync(this.#store, store, FILE_HEADER_BYTES, this.#pageBytes, this.#idAt);
      fs.readSync(this.#wal, wal, 0, WAL_HEADER_BYTES, 0);
      return {
        store,
        storeBytes: fs.fstatSync(this.#store).size,
        wal,
        walBytes: fs.fstatSync(this.#wal).size,
      };
    } catch {
      // The disk gives errors: whether it still does shows the next commit.
      return null;
    }
  }
}

export function inodeAt(file: string): string | null {
  try {
    return inodeOf(fs.statSync(file, { bigint: true }));
  } catch {
    return null;
  }
}

function inodeOf({ dev, ino }: fs.BigIntStats): string {
  return `${dev}:${ino}`;
}
