/** Checks the SHA-256 of a fetched file, before it is moved to the download dir. */
import { SluiceError } from '../../protocol/error.ts';
import { asDiskError, errnoOf, toDiskError } from '../disk-error.ts';
import type { FetchedFile } from '../fetched-file.ts';
import { statFile, type FileStat } from '../finish/disk.server.ts';
import type { HashResult } from './sha-256-worker.server.ts';
import { hashFile } from './sha-256.server.ts';

/**
 * @param expected 64 lower-case hex digits
 * @throws SluiceError `checksum_mismatch`, `size_mismatch`, `file_missing`, `disk_*`; the signal's reason
 */
export async function checkSha256(result: FetchedFile, expected: string, signal: AbortSignal): Promise<void> {
  const found = await statFetched(result.path);
  if (found === null) throw new SluiceError('file_missing', 'The engine says it is done but left no file.');
  if (found.bytes !== result.bytes) {
    throw new SluiceError(
      'size_mismatch',
      `The file has ${found.bytes} bytes, the engine said ${result.bytes}.`,
    );
  }
  const { sha256, bytes, changed } = await hashFetched(result.path, signal);
  if (changed || bytes !== result.bytes)
    throw new SluiceError('disk_error', 'The file was written to while it was checked.');
  if (sha256 !== expected) {
    throw new SluiceError(
      'checksum_mismatch',
      `The SHA-256 of the file is ${sha256}, expected was ${expected}. Retry to fetch it again, or add it without the check.`,
    );
  }
}

async function statFetched(path: string): Promise<FileStat | null> {
  try {
    return await statFile(path);
  } catch (thrown) {
    throw toDiskError(thrown);
  }
}

async function hashFetched(path: string, signal: AbortSignal): Promise<HashResult> {
  try {
    return await hashFile(path, signal);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') {
      throw new SluiceError('file_missing', 'The fetched file vanished before it was checked.');
    }
    throw asDiskError(thrown) ?? thrown;
  }
}
