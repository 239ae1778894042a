/** What a process host tells whoever watches it. Nothing is built or copied while nobody does. */
import { Listeners } from '../protocol/listeners.ts';
import type { EngineExit } from './process-host.ts';

/** An engine process, or another that was run. */
export interface ProcessRun {
  /** `SLUICE_RUN` in its environment: names this run for good. */
  readonly mark: string;
  /** Also its process group. */
  readonly pid: number;
  readonly argv: readonly string[];
  readonly cwd: string;
  /** ms on the monotonic clock of this process. */
  readonly startedAt: number;
}

export type ProcessEvent =
  | { type: 'start'; run: ProcessRun }
  /** The buffer is the caller's: whoever keeps it copies it. */
  | { type: 'output'; run: ProcessRun; fd: 1 | 2; chunk: Uint8Array }
  | ({ type: 'exit'; run: ProcessRun } & EngineExit);

export type ProcessListener = (event: ProcessEvent) => void;

/** Processes that run, and who wants to hear of them. */
export class ProcessObservers extends Listeners<ProcessEvent> {
  readonly running = new Map<string, ProcessRun>();

  started(run: ProcessRun): void {
    this.running.set(run.mark, run);
    this.emit({ type: 'start', run });
  }

  exited(run: ProcessRun, exit: EngineExit): void {
    this.running.delete(run.mark);
    this.emit({ type: 'exit', run, ...exit });
  }
}
