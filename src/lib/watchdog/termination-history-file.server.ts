/** The watchdog's termination history in the data dir. Written atomically: after a crash the file is the old or the new one. */
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import {
  withStart,
  type TerminationHistory,
  NO_TERMINATIONS,
  parseHistory,
  blamedDownloads,
  withoutBlamed,
} from './termination-history.ts';

export function historyPathIn(dataDir: string): string {
  return join(dataDir, 'run', 'watchdog.json');
}

export class TerminationHistoryFile {
  readonly path: string;
  readonly #onError: (error: unknown) => void;
  #blamed = new Map<string, string[]>();

  /** @param onError gets read and write errors: none keeps the server from starting */
  constructor(dataDir: string, onError: (error: unknown) => void) {
    this.path = historyPathIn(dataDir);
    this.#onError = onError;
  }

  /** Records the start of this process. Requires the lock on the data dir. */
  open(): void {
    const before = this.#read();
    const now = withStart(before);
    // Most starts change nothing, and need no fsync.
    if (before.isNoted || before.downloads.length > now.downloads.length) this.#write(now);
    this.#blamed = blamedDownloads(now);
  }

  /** Sessions with downloads that are blamed for a blocked server. */
  get sessions(): string[] {
    return [...this.#blamed.keys()];
  }

  /** Downloads of a session that must not resume by themselves. */
  blamedDownloads(session: string): readonly string[] {
    return this.#blamed.get(session) ?? [];
  }

  /** The session has stored that its downloads failed: they are removed from the history. */
  forget(session: string): void {
    if (!this.#blamed.delete(session)) return;
    this.#write(withoutBlamed(this.#read(), session));
  }

  #read(): TerminationHistory {
    try {
      return loadHistory(this.path);
    } catch (error) {
      this.#onError(error);
      return NO_TERMINATIONS;
    }
  }

  #write(history: TerminationHistory): void {
    try {
      storeHistory(this.path, history);
    } catch (error) {
      this.#onError(error);
    }
  }
}

/** A missing file is an empty history. @throws the file system's own error */
export function loadHistory(path: string): TerminationHistory {
  try {
    return parseHistory(fs.readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NO_TERMINATIONS;
    throw error;
  }
}

/** Returns once the file and its directory entry are synced. @throws the file system's own error */
export function storeHistory(path: string, history: TerminationHistory): void {
  fs.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  fs.writeFileSync(`${path}.new`, JSON.stringify(history), { mode: 0o600, flush: true });
  fs.renameSync(`${path}.new`, path);
  const dir = fs.openSync(dirname(path), fs.constants.O_RDONLY);
  try {
    fs.fsyncSync(dir);
  } finally {
    fs.closeSync(dir);
  }
}
