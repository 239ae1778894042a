/** What an engine's run is confined to. Pure; `probe.server.ts` finds out what this machine can do. */

/** A folder of the system: itself, or where its link points (`/bin` → `usr/bin`). */
export interface ReadablePath {
  path: string;
  linkTo: string | null;
}

/** What sets up all levels but the last. */
export interface SandboxTools {
  /** The interpreter that runs `hand-over.py` and `restrict.py`: absolute, and what it has to read. */
  python: string;
  pythonReads: readonly string[];
  /** What of the system every run may read. */
  places: readonly ReadablePath[];
}

export interface FullSandbox extends SandboxTools {
  level: 'full';
  /** Absolute path of bubblewrap. */
  bwrap: string;
  version: string;
  /** Arguments for these and for the namespaces. */
  base: readonly string[];
}

/** Why it is not full. */
export interface SandboxLimitation {
  /** A sentence. */
  reason: string;
  /** What to type, as a sentence; null = nothing would help. */
  remedy: string | null;
}

/** Landlock and seccomp (`restrict.py`). */
export interface PartialSandbox extends SandboxTools, SandboxLimitation {
  level: 'partial';
}

interface LimitedSandbox extends SandboxLimitation {
  level: 'limits';
}

/**
 * `full`: namespaces of its own, with one writable folder and no network but the guard. `partial`: one writable folder and
 * TCP to the guard's port alone, but it sees the machine's processes, and does not end with the server by itself. `limits`:
 * only limits of memory, processes and file size, and a proxy that the engine is configured to use.
 */
export type Sandbox = FullSandbox | PartialSandbox | LimitedSandbox;

/** One line for the log and `sluice engines`. */
export function describeSandbox(sandbox: Sandbox): string {
  if (sandbox.level === 'full') return `full (bubblewrap ${sandbox.version})`;
  const what = sandbox.level === 'partial' ? 'partial (Landlock and seccomp)' : 'limits only';
  return `${what}. ${sandbox.reason}${sandbox.remedy === null ? '' : ` ${sandbox.remedy}`}`;
}

/** Port of the guard's proxy on the loopback of a run that has a network of its own. */
export const PROXY_PORT = 3128;

export interface RunLimits {
  /** Resident memory of all processes of a run together, in bytes. */
  memoryBytes: number;
  /** Processes of a run. */
  processes: number;
  /** One file, in bytes. */
  fileBytes: number;
}

/**
 * yt-dlp takes 50 to 150 MB, the Node that runs a player's scripts up to 300, an ffmpeg that joins 100. yt-dlp has at most
 * a few children; ffmpeg counts once, as threads are no processes. No video has a tebibyte.
 */
export const DEFAULT_LIMITS: RunLimits = {
  memoryBytes: 1024 ** 3,
  processes: 128,
  fileBytes: 1024 ** 4,
};
/** For runs that only print: no file in the folder of their own is larger than this. */
export const SCRATCH_FILE_BYTES = 256 * 1024 ** 2;
