import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEY_BYTES = 32;

/** There is a key that cannot be used; the message says what to do. */
export class TokenKeyError extends Error {
  override readonly name = 'TokenKeyError';
}

/**
 * The key that signs this server's tokens: `token.key` in the data dir, readable by its owner only, made at the
 * first start. It appears whole or not at all, and of two starts at once both get the same one.
 * @throws TokenKeyError when the file cannot be read or holds something else: a new key would end every session unasked
 */
export function loadTokenKey(dataDir: string): Uint8Array {
  const path = keyPath(dataDir);
  return readKey(path) ?? createKey(path);
}

/** The key of a server that has been started once; null = there is none. @throws TokenKeyError as `loadTokenKey` */
export function readTokenKey(dataDir: string): Uint8Array | null {
  return readKey(keyPath(dataDir));
}

function keyPath(dataDir: string): string {
  return join(dataDir, 'token.key');
}

function readKey(path: string): Uint8Array | null {
  let key: Buffer;
  try {
    key = readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new TokenKeyError(
      `${path} cannot be read (${code}). Let the user that runs Sluice read it, or remove it to end all sessions.`,
      { cause: error },
    );
  }
  if (key.length !== KEY_BYTES) {
    throw new TokenKeyError(
      `${path} is not a key of ${KEY_BYTES} bytes. Restore it, or remove it to end all sessions.`,
    );
  }
  return key;
}

function createKey(path: string): Uint8Array {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, randomBytes(KEY_BYTES), { mode: 0o600, flush: true });
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const key = readKey(path);
  if (!key) throw new Error(`${path} could not be made.`);
  return key;
}
