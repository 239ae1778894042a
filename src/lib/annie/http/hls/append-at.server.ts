import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

/**
 * Appends a file at `length`, and removes what a killed attempt left behind it.
 * @param skip bytes of the file that are left out at its start
 * @returns the new length
 */
export async function appendAt(path: string, length: number, from: string, skip = 0): Promise<number> {
  const handle = await open(path, 'r+');
  try {
    await handle.truncate(length);
    let at = length;
    for await (const chunk of createReadStream(from, {
      start: skip,
      highWaterMark: 1024 * 1024,
    }) as AsyncIterable<Buffer>) {
      for (let done = 0; done < chunk.length;) {
        const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, at + done);
        done += bytesWritten;
      }
      at += chunk.length;
    }
    return at;
  } finally {
    await handle.close();
  }
}
