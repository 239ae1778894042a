import { readFile } from 'node:fs/promises';
import type { Io } from './command.ts';

/** null when it cannot be read; the reason is on stderr then. */
export async function readTextFile(file: string, io: Pick<Io, 'stderr'>): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    io.stderr.write(`sluice: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).\n`);
    return null;
  }
}
