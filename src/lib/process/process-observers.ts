/** Events of a process host for its observers. Nothing is built or copied while there is none. */
import { Listeners } from '../protocol/listeners.ts';
import type { EngineExit } from './process-host.ts';

export interface ProcessRun {
  /** `SLUICE_RUN` in its environment: unique. */
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
  /** Valid during the call only: to be copied by a listener that keeps it. */
  | { type: 'output'; run: ProcessRun; fd: 1 | 2; chunk: Uint8Array }
  | ({ type: 'exit'; run: ProcessRun } & EngineExit);

export type ProcessListener = (event: ProcessEvent) => void;

/** The running processes, and the listeners to their events. */
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
