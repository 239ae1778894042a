/**
 * Our own notes in a work dir, which an engine can write too, while it runs and later: a link or a pipe of that name must
 * lead nowhere.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';

/** Atomic. @throws the file system's own error */
export async function replaceNote(path: string, text: string, flush = false): Promise<void> {
  const draft = `${path}.new`;
  await rm(draft, { force: true, recursive: true });
  // wx opens nothing that exists, not even through a link.
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    if (flush) await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, path);
}

/** For reading, without waiting for whom a pipe waits for. @throws the file system's own error; ENOENT if it is no file */
export async function openNote(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw Object.assign(new Error('not a file'), { code: 'ENOENT' });
}

/** @throws as `openNote` */
export async function readNote(path: string): Promise<string> {
  const handle = await openNote(path);
  try {
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
