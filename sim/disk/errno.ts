/** Errors as Node's file system calls throw them. */
import { constants } from 'node:os';

const numbers = constants.errno as Record<string, number>;

export class Errno extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  readonly path: string;

  constructor(code: string, syscall: string, path: string) {
    super(`${code}: ${syscall} '${path}'`);
    this.code = code;
    this.errno = -(numbers[code] ?? 0);
    this.syscall = syscall;
    this.path = path;
  }
}
