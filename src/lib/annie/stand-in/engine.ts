/** The stand-in engine: lux's adapter with a program that plays recordings, so that the page works offline. */
import { dirname, join } from 'node:path';
import type { Readers } from '../../foreign/port.ts';
import type { Engine } from '../engine.ts';
import { LuxEngine } from '../lux/engine.ts';
import type { ProcessHost } from '../../process/process-host.ts';

interface StandInOptions {
  processes: ProcessHost;
  readers: Readers;
  /** A Node that runs TypeScript (24). */
  nodePath: string;
  name?: 'stand-in' | 'lux' | 'annie';
  /** Default: the ones beside this file. */
  program?: string;
  recordings?: string;
}

/** The host whose addresses it supports; `.test` never exists (RFC 6761). */
export const STAND_IN_HOST = 'stand-in.test';

export function createStandInEngine(options: StandInOptions): Engine {
  const { processes, readers, nodePath, name = 'stand-in' } = options;
  const program = options.program ?? join(import.meta.dirname, 'play.server.ts');
  const recordings = options.recordings ?? join(import.meta.dirname, 'recordings');
  const lib = join(dirname(program), '../..');
  return new LuxEngine({
    name,
    processes,
    readers,
    command: [nodePath, program, recordings],
    // It imports modules of other folders of src/lib, and its package says what these are.
    reads: [lib, join(lib, '../../package.json'), recordings],
    // It has no network access, and joins nothing.
    proxy: null,
    isRefused: () => false,
    ffmpegPath: program,
    path: '',
    isSite: (hostname) => hostname === STAND_IN_HOST,
  });
}
