/** A runner on a real folder and a virtual clock, with an engine that does what a test tells it, when it tells it. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedClock } from 'xstate';
import type { Engine, EngineJob, ParseRequest, UrlKind } from '#lib/annie/engine.ts';
import type { FetchedFile } from '#lib/files/fetched-file.ts';
import { Registry } from '#lib/annie/registry.ts';
import { createRunner, type Runner, type RunnerOptions } from '#lib/runner/runner.ts';
import type { EngineName, ParseResult } from '#lib/protocol/media.ts';
import type { RunnerEvent, StartJob } from '#lib/protocol/runner.ts';
import { waitFor } from '../support/wait.ts';

/** One call of `Engine.download`, in the hands of the test. */
export class Call {
  readonly engine: EngineName;
  readonly job: EngineJob;
  over = false;
  readonly #resolve: (result: FetchedFile) => void;
  readonly #reject: (reason: unknown) => void;

  constructor(
    engine: EngineName,
    job: EngineJob,
    resolve: (result: FetchedFile) => void,
    reject: (reason: unknown) => void,
  ) {
    this.engine = engine;
    this.job = job;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Writes the file into the work dir, for real, and says so. */
  async finish(suggestedName = 'clip.mp4', body = 'body'): Promise<void> {
    const path = join(this.job.workDir, 'data');
    await writeFile(path, body);
    this.finishWith({ path, suggestedName, bytes: Buffer.byteLength(body) });
  }

  finishWith(result: FetchedFile): void {
    this.over = true;
    this.#resolve(result);
  }

  fail(error: unknown): void {
    this.over = true;
    this.#reject(error);
  }

  /** Settles after an abort, as the port asks. */
  letGo(): void {
    this.fail(this.job.signal.reason);
  }

  sample(receivedBytes: number): void {
    this.job.onSample({
      receivedBytes,
      totalBytes: 100,
      percent: receivedBytes,
      bytesPerSecond: null,
      etaSeconds: null,
    });
  }
}

export class PuppetEngine implements Engine {
  readonly name: EngineName;
  readonly calls: Call[] = [];
  /** Settles by itself after an abort; else the test calls `letGo`. */
  obeys = true;
  /** `parse` as the test wants it. */
  parse: (request: ParseRequest) => Promise<ParseResult>;

  constructor(name: EngineName) {
    this.name = name;
    this.parse = () => Promise.resolve({ engine: name, items: [] });
  }

  status = (): ReturnType<Engine['status']> =>
    Promise.resolve({ engine: this.name, state: 'ready', version: '1', path: null });
  claim = (): ReturnType<Engine['claim']> => Promise.resolve('generic');

  download(job: EngineJob): Promise<FetchedFile> {
    return new Promise((resolve, reject) => {
      const call = new Call(this.name, job, resolve, reject);
      this.calls.push(call);
      job.signal.addEventListener('abort', () => this.obeys && !call.over && call.letGo());
    });
  }

  /** The n-th call, once it is made. */
  call(n: number): Promise<Call> {
    return waitFor(() => this.calls[n], { what: `call ${n} of ${this.name}` });
  }
}

export interface Ground {
  dir: string;
  clock: SimulatedClock;
  http: PuppetEngine;
  other: PuppetEngine;
  runner: Runner;
  /** Everything that was sent, in order. */
  letters: [session: string, events: RunnerEvent[]][];
  logged: string[];
  /** The events of one session; `type` narrows them. */
  events: (session?: string) => RunnerEvent[];
  /** The n-th event of a type that a session got, once it is there. */
  event: <Type extends RunnerEvent['type']>(
    type: Type,
    n?: number,
    session?: string,
  ) => Promise<Extract<RunnerEvent, { type: Type }>>;
  /** Base names a person sees in the folder. */
  files: () => Promise<string[]>;
  workDirs: () => Promise<string[]>;
  close: () => Promise<void>;
}

export interface GroundOptions extends Partial<RunnerOptions> {
  classify?: () => Promise<UrlKind>;
}

export async function layGround({ classify, ...options }: GroundOptions = {}): Promise<Ground> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-runner-'));
  const clock = new SimulatedClock();
  const http = new PuppetEngine('http');
  const other = new PuppetEngine('yt-dlp');
  const letters: Ground['letters'] = [];
  const logged: string[] = [];
  const registry = new Registry({
    engines: [http, other],
    allowed: ['http', 'yt-dlp'],
    classify: classify ?? (() => Promise.resolve({ kind: 'page' })),
  });
  const runner = createRunner({
    registry,
    downloadDir: dir,
    clock,
    onEvents: (session, events) => letters.push([session, events]),
    log: (message) => logged.push(message),
    ...options,
  });
  const events = (session = 's1'): RunnerEvent[] =>
    letters.flatMap(([to, sent]) => (to === session ? sent : []));
  function event<Type extends RunnerEvent['type']>(
    type: Type,
    n = 0,
    session = 's1',
  ): Promise<Extract<RunnerEvent, { type: Type }>> {
    const isOfType = (sent: RunnerEvent): sent is Extract<RunnerEvent, { type: Type }> => sent.type === type;
    const nth = (): Extract<RunnerEvent, { type: Type }>[] =>
      events(session)
        .filter(isOfType)
        .slice(n, n + 1);
    return waitFor(() => nth().length > 0, { what: `event ${n} of type ${type}` }).then(() => nth()[0]!);
  }
  return {
    dir,
    clock,
    http,
    other,
    runner,
    letters,
    logged,
    events,
    event,
    files: async () => (await readdir(dir)).filter((name) => name !== '.sluice').sort(),
    workDirs: () => readdir(join(dir, '.sluice')).catch(() => []),
    async close() {
      for (const { calls } of [http, other]) {
        for (const call of calls) if (!call.over) call.fail(new Error('the test is over'));
      }
      await runner.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export function startOf(
  download: string,
  attempt = 1,
  more: Partial<StartJob> = {},
): { type: 'start' } & StartJob {
  return {
    type: 'start',
    download,
    attempt,
    url: `https://media.test/${download}`,
    streamId: null,
    engine: 'http',
    filename: null,
    ...more,
  };
}

/** The events without what a test does not look at. */
export function briefly(events: RunnerEvent[]): string[] {
  return events.map((event) => {
    if (event.type === 'phase') return `phase ${event.phase} ${event.download}.${event.attempt}`;
    if (event.type === 'sample')
      return `sample ${event.sample.receivedBytes} ${event.download}.${event.attempt}`;
    if ('attempt' in event) return `${event.type} ${event.download}.${event.attempt}`;
    if (event.type === 'discarded') return `discarded ${event.download}`;
    return event.type;
  });
}

/** Lets everything run that only waits for its turn. */
export function settleTurns(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
