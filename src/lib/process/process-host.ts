/** The port through which engines start processes, implemented by `process-host.server.ts`. */
export interface EngineCommand {
  /** argv[0] is an absolute path or a name looked up on PATH. Never a shell line. */
  argv: string[];
  cwd: string;
  /** The whole environment: built from scratch, nothing is inherited. */
  env: Record<string, string>;
  signal: AbortSignal;
  /** The chunk is valid until the next call. Pipes are always drained. */
  onChunk: (fd: 1 | 2, chunk: Uint8Array) => void;
}

export interface EngineExit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** ms from the start to the exit. */
  durationMs: number;
}

export interface ProcessHost {
  /**
   * Runs a command in a process group of its own, behind a latch, known to the watcher before its first
   * instruction. Resolves on exit (plus a short grace for its pipes) once the whole group is gone; an abort
   * sends SIGINT, then SIGTERM, then SIGKILL to the group.
   * @throws SluiceError `engine_missing` (ENOENT), `engine_exit` (E2BIG and other failures to start)
   */
  run(command: EngineCommand): Promise<EngineExit>;
  close(): Promise<void>;
}
