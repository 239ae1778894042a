/** The ends that the watchdog noted, in the data dir. Written in one step: after a crash the file is the old or the new one. */
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { afterStart, type Ends, NO_ENDS, readEnds, setAside, withoutSetAside } from './ends.ts';

/** In this data dir. */
export function endsPathIn(dataDir: string): string {
  return join(dataDir, 'run', 'watchdog.json');
}

export class EndsFile {
  readonly path: string;
  readonly #onError: (error: unknown) => void;
  #setAside = new Map<string, string[]>();

  /**
   * Touches nothing yet.
   * @param onError is told of what cannot be read or written: no reason not to start
   */
  constructor(dataDir: string, onError: (error: unknown) => void) {
    this.path = endsPathIn(dataDir);
    this.#onError = onError;
  }

  /** A process starts: it needs the lock on the data dir. */
  open(): void {
    const before = this.#read();
    const now = afterStart(before);
    // Most starts find nothing, and need no fsync.
    if (before.isNoted || before.downloads.length > now.downloads.length) this.#write(now);
    this.#setAside = setAside(now);
  }

  /** Sessions of which downloads are set aside. */
  get sessions(): string[] {
    return [...this.#setAside.keys()];
  }

  /** Downloads of a session that must not go on by themselves. */
  of(session: string): readonly string[] {
    return this.#setAside.get(session) ?? [];
  }

  /** The session has stored what became of them: from here on they are downloads as any other. */
  stored(session: string): void {
    if (!this.#setAside.delete(session)) return;
    this.#write(withoutSetAside(this.#read(), session));
  }

  #read(): Ends {
    try {
      return loadEnds(this.path);
    } catch (error) {
      this.#onError(error);
      return NO_ENDS;
    }
  }

  #write(ends: Ends): void {
    try {
      storeEnds(this.path, ends);
    } catch (error) {
      this.#onError(error);
    }
  }
}

/** @throws the file system's own error, but not for a file that is not there */
export function loadEnds(path: string): Ends {
  try {
    return readEnds(fs.readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NO_ENDS;
    throw error;
  }
}

/**
 * On the disk when it returns, its name too.
 * @throws the file system's own error
 */
export function storeEnds(path: string, ends: Ends): void {
  fs.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  fs.writeFileSync(`${path}.new`, JSON.stringify(ends), { mode: 0o600, flush: true });
  fs.renameSync(`${path}.new`, path);
  const dir = fs.openSync(dirname(path), fs.constants.O_RDONLY);
  try {
    fs.fsyncSync(dir);
  } finally {
    fs.closeSync(dir);
  }
}
