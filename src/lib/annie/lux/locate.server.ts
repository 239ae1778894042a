/** Where lux or annie is, and which. */
import { statSync } from 'node:fs';
import { findProgram } from '../../process/find-program.server.ts';
import type { Generation } from './arguments.ts';

export interface Located {
  path: string;
  /** Changes when the program does. */
  fingerprint: string;
}

/** It says so in its first line. */
const LOOK_AT_CHARS = 4096;

export function locateLux(name: string, path: string): Located | null {
  const program = findProgram(name, path);
  if (program === null) return null;
  const { mtimeMs, size, ino } = statSync(program);
  return { path: program, fingerprint: `${program}:${mtimeMs}:${size}:${ino}` };
}

export interface Identity {
  version: string;
  generation: Generation;
}

/** What `-v` said; null when it is another program of that name (there are several called lux). */
export function identify(printed: string): Identity | null {
  // eslint-disable-next-line no-control-regex -- colours are what is removed
  const text = printed.slice(0, LOOK_AT_CHARS).replace(/\u001b\[[0-9;]*m/g, '');
  const match = /^[ \t]*(lux|annie): version v?([\w.+-]+), .*video downloader/im.exec(text);
  if (!match) return null;
  const [, name = '', version = ''] = match;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  // annie 0.11 (July 2021) took over the bar that lux has today.
  const isOld = name.toLowerCase() === 'annie' && major === 0 && minor < 11;
  return { version, generation: isOld ? 'annie' : 'lux' };
}
