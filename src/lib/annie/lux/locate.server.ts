/** Finds lux or annie, and its version. */
import { statSync } from 'node:fs';
import { findProgram } from '../../process/find-program.server.ts';
import type { Generation } from './arguments.ts';

interface LuxProgram {
  path: string;
  /** Changes when the program does. */
  fingerprint: string;
}

/** The version is in the first line. */
const MAX_VERSION_CHARS = 4096;

export function locateLux(name: string, path: string): LuxProgram | null {
  const program = findProgram(name, path);
  if (program === null) return null;
  const { mtimeMs, size, ino } = statSync(program);
  return { path: program, fingerprint: `${program}:${mtimeMs}:${size}:${ino}` };
}

export interface LuxVersion {
  version: string;
  generation: Generation;
}

/** @param printed by `-v`. Null for another program of that name (there are several called lux). */
export function identify(printed: string): LuxVersion | null {
  // eslint-disable-next-line no-control-regex -- colours are what is removed
  const text = printed.slice(0, MAX_VERSION_CHARS).replace(/\u001b\[[0-9;]*m/g, '');
  const match = /^[ \t]*(lux|annie): version v?([\w.+-]+), .*video downloader/im.exec(text);
  if (!match) return null;
  const [, name = '', version = ''] = match;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  // annie 0.11 (July 2021) introduced the bar that lux has today.
  const isOld = name.toLowerCase() === 'annie' && major === 0 && minor < 11;
  return { version, generation: isOld ? 'annie' : 'lux' };
}
