import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { SluiceError } from '../protocol/error.ts';
import type { SecretKey } from './secret-box.ts';

const KEY_BYTES = 32;

/**
 * The key that seals secrets: a file of 32 bytes that its owner alone can read, made with the first secret. One that is lost is
 * replaced then: what it sealed can be listed and set again, and not be opened.
 */
export class SecretKeyFile implements SecretKey {
  readonly #path: string;
  #key: Uint8Array | null = null;

  /** @param path SLUICE_SECRET_FILE */
  constructor(path: string) {
    this.#path = path;
  }

  read(): Uint8Array | null {
    try {
      return this.#read();
    } catch {
      return null;
    }
  }

  readOrMake(): Uint8Array {
    try {
      return this.#read() ?? this.#make();
    } catch (cause) {
      if (cause instanceof SluiceError) throw cause;
      throw new SluiceError('secret_key_unusable', undefined, { cause });
    }
  }

  /** null = there is none. Once read it is kept, also while its file cannot be read. */
  #read(): Uint8Array | null {
    if (this.#key !== null) return this.#key;
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
    if (bytes.length !== KEY_BYTES) throw new SluiceError('secret_key_unusable');
    return (this.#key = bytes);
  }

  /** At once, so that two processes get the same. */
  #make(): Uint8Array {
    const draft = `${this.#path}.${process.pid}`;
    writeFileSync(draft, randomBytes(KEY_BYTES), { mode: 0o600, flush: true });
    try {
      linkSync(draft, this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(draft, { force: true });
    }
    return this.#read() ?? new Uint8Array();
  }
}
