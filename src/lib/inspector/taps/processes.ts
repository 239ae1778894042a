/** Engine processes and what they print, as notes and recordings. */
import type { ProcessEvent, ProcessListener, ProcessRun } from '../../process/observe.ts';
import type { RunnerJob } from '../../runner/runner.ts';
import type { EntityId } from '../../protocol/inspection.ts';
import type { Hub } from '../hub.ts';
import { type EngineOwner, Recorder } from '../recorder.ts';

/** What is needed of the process host. */
export interface ObservableProcesses {
  running(): ProcessRun[];
  observe(listener: ProcessListener): () => void;
}

export interface ProcessTapOptions {
  processes: ObservableProcesses;
  /** The download in whose work dir a process runs; null = in none. */
  downloadOf(cwd: string): string | null;
  /** What the runner holds. */
  jobs(): RunnerJob[];
}

const NOBODY: EngineOwner = { download: null, session: null, engine: null };

export class ProcessTap {
  readonly recorder = new Recorder();
  readonly #options: ProcessTapOptions;

  constructor(options: ProcessTapOptions) {
    this.#options = options;
  }

  /** As `Tap`. */
  attach(hub: Hub): () => void {
    const { processes } = this.#options;
    for (const run of processes.running()) this.recorder.begin(run, this.#ownerOf(run), true);
    const stop = processes.observe((event) => this.#note(hub, event));
    return () => {
      stop();
      this.recorder.clear();
    };
  }

  /** Those that run now, with whom they work for. */
  running(): { run: ProcessRun; owner: EngineOwner }[] {
    return this.#options.processes
      .running()
      .map((run) => ({ run, owner: this.recorder.ownerOf(run.mark) ?? NOBODY }));
  }

  #note(hub: Hub, event: ProcessEvent): void {
    const { run } = event;
    const about: EntityId = `engine:${run.mark}`;
    if (event.type === 'start') this.recorder.begin(run, this.#ownerOf(run), false);
    const { download, session } = this.recorder.ownerOf(run.mark) ?? NOBODY;
    const also: EntityId | null = download === null ? null : `download:${download}`;
    const process = { kind: 'process', pid: run.pid, argv: run.argv } as const;
    switch (event.type) {
      case 'start': {
        const unknown = { exitCode: null, signal: null, durationMs: null };
        return hub.note(about, session, null, { ...process, what: 'start', ...unknown }, also);
      }
      case 'exit': {
        const { exitCode, signal, durationMs } = event;
        this.recorder.end(run, { exitCode, signal, endMs: durationMs });
        return hub.note(
          about,
          session,
          null,
          { ...process, what: 'exit', exitCode, signal, durationMs },
          also,
        );
      }
      case 'output': {
        const slot = this.recorder.add(run, event.fd, event.chunk);
        return hub.note(about, session, null, { kind: 'output', slot }, also);
      }
    }
  }

  #ownerOf({ cwd }: ProcessRun): EngineOwner {
    const download = this.#options.downloadOf(cwd);
    if (download === null) return NOBODY;
    const job = this.#options.jobs().find((held) => held.download === download);
    return { download, session: job?.session ?? null, engine: job?.engine ?? null };
  }
}
