/** Why an attempt failed, where the download folder is in order: its own files may have been removed. */
import { type ErrorCode, SluiceError } from '../protocol/error.ts';
import { errnoOf } from '../files/disk-error.ts';
import type { WorkDirWatch } from '../files/work-dir-watch.server.ts';

/** Failures that follow when the files of a download are removed while an engine works on them. */
export const FILE_SYMPTOMS: readonly ErrorCode[] = [
  'disk_denied',
  'disk_error',
  'disk_missing',
  'disk_read_only',
  'engine_exit',
  'engine_output',
  'file_missing',
  'internal_error',
  'invalid_manifest',
  'not_media',
  'size_mismatch',
];

/** @param watch of its work dir; null = no engine was started */
export async function explainByFiles(thrown: SluiceError, watch: WorkDirWatch | null): Promise<SluiceError> {
  const { code, message, cause } = thrown;
  if (!FILE_SYMPTOMS.includes(code)) return thrown;
  if ((await watch?.isRemoved()) === true)
    return new SluiceError('work_removed', undefined, { cause: thrown });
  const isFromSystem = errnoOf(cause) !== null;
  // Some files were removed: a retry fetches what is missing, or begins anew.
  if (code === 'file_missing') return new SluiceError(code, message, { transient: true, cause });
  if (code === 'disk_missing' && isFromSystem) {
    const text = 'Files of the download were removed while it was fetched.';
    return new SluiceError('file_missing', text, { transient: true, cause });
  }
  // Only what an engine printed says so: waiting for the disk would be for nothing.
  const isPrinted = !isFromSystem && (code === 'disk_denied' || code === 'disk_read_only');
  return isPrinted ? new SluiceError(code, message, { transient: false, cause }) : thrown;
}
