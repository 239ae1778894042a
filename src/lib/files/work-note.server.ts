/**
 * Reads our own notes in a work dir, which an engine can write too, while it runs and later: a link or a pipe of that name
 * must lead nowhere.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

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
