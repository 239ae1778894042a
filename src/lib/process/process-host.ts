/** The port through which engines start processes, implemented by `process-host.server.ts`. */
export interface EngineCommand {
  /** argv[0] is an absolute path or a name looked up on PATH. Never a shell line. */
  argv: string[];
  /**
   * The only folder that it may write into. null = an empty one of its own, which is also its HOME and TMPDIR, and is
   * removed when it has ended.
   */
  cwd: string | null;
  /** The whole environment: built from scratch, nothing is inherited. */
  env: Record<string, string>;
  /** Files and folders that it may read beside those of the system, absolute. One that is missing is left out. */
  reads?: readonly string[];
  /** By name: written into its folder before it starts, and removed when it has ended. For what argv must not show. */
  files?: Readonly<Record<string, string>>;
  /** What it reads on its standard input, at most 64 kB; absent = nothing. For what argv must not show. */
  input?: string;
  /** Its only way to the network; absent = none. */
  outlet?: Outlet | null;
  signal: AbortSignal;
  /** The chunk is valid until the next call. Pipes are always drained. */
  onChunk: (fd: 1 | 2, chunk: Uint8Array) => void;
}

/** The guard's end of one run's network. */
export interface Outlet {
  /** Serves a `Server` of node:net that listens inside the run's own network, as an HTTP proxy. */
  serve(listener: unknown): void;
  /** The address of the same proxy on this machine's loopback, with a password: for runs without a network of their own. */
  url(): string;
}

export interface EngineExit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** ms from the start to the exit. */
  durationMs: number;
}

export interface ProcessHost {
  /**
   * Runs a command in the sandbox of this host, in a process group of its own, behind a latch, known to the watcher before
   * its first instruction. Resolves on exit (plus a short grace for its pipes) once all that it started is gone; an abort
   * sends SIGINT, then SIGTERM, then SIGKILL.
   * @throws SluiceError `engine_missing` (ENOENT), `engine_exit` (E2BIG and other failures to start), `too_complex` (the
   * limits of memory and processes)
   */
  run(command: EngineCommand): Promise<EngineExit>;
  close(): Promise<void>;
}
