/** Records engine processes and their output. */
import type { ProcessEvent, ProcessListener, ProcessRun } from '../../process/process-observers.ts';
import type { RunnerJob } from '../../runner/runner.ts';
import type { EntityId } from '../../protocol/inspection.ts';
import type { Hub } from '../hub.ts';
import { type EngineOwner, OutputRecorder } from '../output-recorder.ts';

/** The part of the process host that is used here. */
interface ObservableProcesses {
  running(): ProcessRun[];
  observe(listener: ProcessListener): () => void;
}

export interface ProcessTapOptions {
  processes: ObservableProcesses;
  /** The download whose work dir this is; null = none. */
  downloadOf(cwd: string): string | null;
  /** The runner's current jobs. */
  jobs(): RunnerJob[];
}

const NO_OWNER: EngineOwner = { download: null, session: null, engine: null };

export class ProcessTap {
  readonly recorder = new OutputRecorder();
  readonly #options: ProcessTapOptions;

  constructor(options: ProcessTapOptions) {
    this.#options = options;
  }

  attach(hub: Hub): () => void {
    const { processes } = this.#options;
    for (const run of processes.running()) this.recorder.begin(run, this.#ownerOf(run), true);
    const stop = processes.observe((event) => this.#handle(hub, event));
    return () => {
      stop();
      this.recorder.clear();
    };
  }

  /** The processes running now, each with the download that it works for. */
  running(): { run: ProcessRun; owner: EngineOwner }[] {
    return this.#options.processes
      .running()
      .map((run) => ({ run, owner: this.recorder.ownerOf(run.mark) ?? NO_OWNER }));
  }

  #handle(hub: Hub, event: ProcessEvent): void {
    const { run } = event;
    const about: EntityId = `engine:${run.mark}`;
    if (event.type === 'start') this.recorder.begin(run, this.#ownerOf(run), false);
    const { download, session } = this.recorder.ownerOf(run.mark) ?? NO_OWNER;
    const also: EntityId | null = download === null ? null : `download:${download}`;
    const process = { kind: 'process', pid: run.pid, argv: run.argv } as const;
    switch (event.type) {
      case 'start': {
        const unknown = { exitCode: null, signal: null, durationMs: null };
        return hub.record(about, session, null, { ...process, what: 'start', ...unknown }, also);
      }
      case 'exit': {
        const { exitCode, signal, durationMs } = event;
        this.recorder.end(run, { exitCode, signal, endMs: durationMs });
        return hub.record(
          about,
          session,
          null,
          { ...process, what: 'exit', exitCode, signal, durationMs },
          also,
        );
      }
      case 'output': {
        const chunk = this.recorder.add(run, event.fd, event.chunk);
        return hub.record(about, session, null, { kind: 'output', chunk }, also);
      }
    }
  }

  #ownerOf({ cwd }: ProcessRun): EngineOwner {
    const download = this.#options.downloadOf(cwd);
    if (download === null) return NO_OWNER;
    const job = this.#options.jobs().find((held) => held.download === download);
    return { download, session: job?.session ?? null, engine: job?.engine ?? null };
  }
}
