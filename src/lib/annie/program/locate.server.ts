/** Finds the engines that the operator has put into the data folder: `engines/NAME` with `engine` and `engine.json`. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isExecutable } from '../../process/find-program.server.ts';
import { scriptPaths } from '../../process/sandbox/readable-paths.server.ts';
import { isEngineName, PROGRAM_PREFIX, type ProgramName } from '../../protocol/media.ts';
import { type ProgramManifest, readProgramManifest } from './manifest.ts';

const MANIFEST = 'engine.json';
const EXECUTABLE = 'engine';
/** 5,000 sites have 150 kB. */
const MAX_MANIFEST_BYTES = 512 * 1024;
/** Of a mode: writable by everybody on the machine. */
const BY_OTHERS = 0o002;

export interface FoundProgram {
  state: 'found';
  /** Absolute, as all paths of it. */
  path: string;
  command: string;
  manifest: ProgramManifest;
  /** What it has to read: its folder, and its interpreter. */
  reads: string[];
}

export type ProgramLocation = FoundProgram | { state: 'missing' } | { state: 'unusable'; reason: string };

const engineDir = (dataDir: string, name: string): string => join(dataDir, 'engines', name);

/** Names of the folders with a manifest, sorted. @returns `refused`: those that no engine can have */
export function findPrograms(dataDir: string): { names: ProgramName[]; refused: string[] } {
  const folders = namesIn(join(dataDir, 'engines'))
    .filter((name) => existsSync(join(engineDir(dataDir, name), MANIFEST)))
    .sort();
  const names = folders.map((name): ProgramName => `${PROGRAM_PREFIX}${name}`).filter(isEngineName);
  return {
    names: names as ProgramName[],
    refused: folders.filter((name) => !isEngineName(PROGRAM_PREFIX + name)),
  };
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

/** Never throws. */
export function locateProgram(dataDir: string, name: ProgramName): ProgramLocation {
  const folder = name.slice(PROGRAM_PREFIX.length);
  const dir = engineDir(dataDir, folder);
  if (!existsSync(join(dir, MANIFEST))) return { state: 'missing' };
  try {
    return readProgram(realpathSync(dir), folder);
  } catch (thrown) {
    const errno = (thrown as NodeJS.ErrnoException).code ?? 'an unknown error';
    return { state: 'unusable', reason: `${dir} cannot be read (${errno}).` };
  }
}

function readProgram(path: string, folder: string): ProgramLocation {
  const [text, command] = [join(path, MANIFEST), join(path, EXECUTABLE)];
  if (statSync(text).size > MAX_MANIFEST_BYTES) return unusable(`${text} is too long.`);
  const manifest = readProgramManifest(readFileSync(text, 'utf8'), folder);
  if (typeof manifest === 'string') return unusable(manifest);
  if (!isExecutable(command)) return unusable(`${command} is not there, or cannot be executed.`);
  const open = [path, text, command].find((each) => (statSync(each).mode & BY_OTHERS) !== 0);
  if (open !== undefined) return unusable(`Everybody on this machine can change ${open}.`);
  return { state: 'found', path, command, manifest, reads: [path, ...scriptPaths(command)] };
}

const unusable = (reason: string): ProgramLocation => ({ state: 'unusable', reason });
