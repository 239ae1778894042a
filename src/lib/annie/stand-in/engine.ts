/** The stand-in as an engine: lux's adapter over a program that plays recordings, so that the page works offline. */
import { join } from 'node:path';
import type { Readers } from '../../foreign/port.ts';
import type { Engine } from '../engine.ts';
import { createLuxEngine } from '../lux/engine.ts';
import type { ProcessHost } from '../../process/process-host.ts';

export interface StandInOptions {
  processes: ProcessHost;
  readers: Readers;
  /** A dir that exists, for runs that write nothing. */
  cwd: string;
  /** A Node that runs TypeScript (24). */
  nodePath: string;
  name?: 'stand-in' | 'lux' | 'annie';
  /** Its program and its recordings; those beside this file when not given. */
  program?: string;
  recordings?: string;
}

/** The host whose addresses it claims; it exists nowhere (RFC 6761). */
export const STAND_IN_HOST = 'stand-in.test';

export function createStandInEngine(options: StandInOptions): Engine {
  const { processes, readers, cwd, nodePath, name = 'stand-in' } = options;
  const program = options.program ?? join(import.meta.dirname, 'play.server.ts');
  const recordings = options.recordings ?? join(import.meta.dirname, 'recordings');
  return createLuxEngine({
    name,
    processes,
    readers,
    cwd,
    command: [nodePath, program, recordings],
    // It reaches nothing: there is no network in it, and it joins what a recording says was joined.
    proxy: null,
    isRefused: () => false,
    ffmpegPath: program,
    path: '',
    isSite: (hostname) => hostname === STAND_IN_HOST,
  });
}
