/** The operating system's errors about files, as `disk_*` codes. */
import { SluiceError, type ErrorCode } from '../protocol/error.ts';

const CODES: Record<string, ErrorCode> = {
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EACCES: 'disk_denied',
  EPERM: 'disk_denied',
  EROFS: 'disk_read_only',
  ENOENT: 'disk_missing',
  ENOTDIR: 'disk_missing',
  EIO: 'disk_error',
  EFBIG: 'disk_error',
  EMFILE: 'disk_error',
  ENFILE: 'disk_error',
  ESTALE: 'disk_error',
  // A device that was unplugged, a FUSE mount or share whose server is gone.
  ENODEV: 'disk_error',
  ENXIO: 'disk_error',
  ENOTCONN: 'disk_error',
  EREMOTEIO: 'disk_error',
  EHOSTDOWN: 'disk_error',
};

/** Calls with an errno that are not about files: ENOENT of `spawn` is a missing program, not a missing folder. */
const NOT_A_FILE_CALL = /^(spawn|connect|getaddrinfo|query|bind|listen|accept|kill|shutdown|read_start)/;

/** Node has no names for these: their code is `Unknown system error -122`. Linux, then macOS. */
const NAMELESS: Record<string, string> = {
  '-122': 'EDQUOT',
  '-116': 'ESTALE',
  '-69': 'EDQUOT',
  '-70': 'ESTALE',
};

/** The errno name (`ENOSPC`); null = none. */
export function errnoOf(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || !('code' in thrown) || typeof thrown.code !== 'string') return null;
  const { code } = thrown;
  if (/^E[A-Z0-9]+$/.test(code)) return code;
  return NAMELESS[/^Unknown system error (-\d+)$/.exec(code)?.[1] ?? ''] ?? null;
}

/**
 * The `disk_*` error for `thrown`; null when it is not about files. Messages never hold the path: `cause` has it for
 * the log.
 */
export function asDiskError(thrown: unknown): SluiceError | null {
  const errno = errnoOf(thrown);
  const code = errno === null ? undefined : CODES[errno];
  if (code === undefined) return null;
  const syscall = (thrown as NodeJS.ErrnoException).syscall ?? '';
  if (NOT_A_FILE_CALL.test(syscall)) return null;
  // The file system takes no file of that size: waiting does not help.
  const details = errno === 'EFBIG' ? { transient: false, cause: thrown } : { cause: thrown };
  return new SluiceError(code, undefined, details);
}

/** Where only the disk can have failed: an unknown error is `disk_error`; a SluiceError is returned as it is. */
export function toDiskError(thrown: unknown): SluiceError {
  if (thrown instanceof SluiceError) return thrown;
  return asDiskError(thrown) ?? new SluiceError('disk_error', undefined, { cause: thrown });
}
