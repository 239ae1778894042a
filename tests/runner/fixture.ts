/** A runner with a real folder, a virtual clock and engines that the test controls by hand. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedClock } from 'xstate';
import type { Engine, EngineJob, ParseRequest, UrlKind } from '#lib/annie/engine.ts';
import type { FetchedFile } from '#lib/files/fetched-file.ts';
import { Registry } from '#lib/annie/registry.ts';
import { Runner, type RunnerOptions } from '#lib/runner/runner.ts';
import type { EngineName, ParseResult } from '#lib/protocol/media.ts';
import type { RunnerEvent, StartJob } from '#lib/protocol/runner.ts';
import { settles, waitFor } from '../support/wait.ts';

/** One call of `Engine.download`, controlled by the test. */
export class EngineCall {
  readonly engine: EngineName;
  readonly job: EngineJob;
  isOver = false;
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

  /** Writes the file into the work dir and resolves the call. */
  async finish(suggestedName = 'clip.mp4', body = 'body'): Promise<void> {
    const path = join(this.job.workDir, 'data');
    await writeFile(path, body);
    this.finishWith({ path, suggestedName, bytes: Buffer.byteLength(body) });
  }

  finishWith(result: FetchedFile): void {
    this.isOver = true;
    this.#resolve(result);
  }

  fail(error: unknown): void {
    this.isOver = true;
    this.#reject(error);
  }

  /** Rejects with the abort's reason, as the port requires. */
  endAborted(): void {
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

export class ManualEngine implements Engine {
  readonly name: EngineName;
  readonly calls: EngineCall[] = [];
  /** false = the test calls `endAborted` after an abort. */
  endsOnAbort = true;
  /** To be replaced by the test. */
  parse: (request: ParseRequest) => Promise<ParseResult>;

  constructor(name: EngineName) {
    this.name = name;
    this.parse = () => Promise.resolve({ engine: name, items: [] });
  }

  status = (): ReturnType<Engine['status']> =>
    Promise.resolve({ engine: this.name, state: 'ready', version: '1', path: null });
  supports = (): ReturnType<Engine['supports']> => Promise.resolve('generic');

  download(job: EngineJob): Promise<FetchedFile> {
    return new Promise((resolve, reject) => {
      const call = new EngineCall(this.name, job, resolve, reject);
      this.calls.push(call);
      job.signal.addEventListener('abort', () => this.endsOnAbort && !call.isOver && call.endAborted());
    });
  }

  /** Waits for the n-th call. */
  call(n: number): Promise<EngineCall> {
    return waitFor(() => this.calls[n], { what: `call ${n} of ${this.name}` });
  }
}

export interface Fixture {
  dir: string;
  clock: SimulatedClock;
  http: ManualEngine;
  other: ManualEngine;
  runner: Runner;
  /** Everything that was sent, in order. */
  deliveries: [session: string, events: RunnerEvent[]][];
  logged: string[];
  /** The events of one session. */
  events: (session?: string) => RunnerEvent[];
  /** Waits for the n-th event of a type that a session gets. */
  event: <Type extends RunnerEvent['type']>(
    type: Type,
    n?: number,
    session?: string,
  ) => Promise<Extract<RunnerEvent, { type: Type }>>;
  /** Base names of the visible files. */
  files: () => Promise<string[]>;
  workDirs: () => Promise<string[]>;
  close: () => Promise<void>;
}

export interface FixtureOptions extends Partial<RunnerOptions> {
  classify?: () => Promise<UrlKind>;
}

export async function createFixture({ classify, ...options }: FixtureOptions = {}): Promise<Fixture> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-runner-'));
  const clock = new SimulatedClock();
  const http = new ManualEngine('http');
  const other = new ManualEngine('yt-dlp');
  const deliveries: Fixture['deliveries'] = [];
  const logged: string[] = [];
  const registry = new Registry({
    engines: [http, other],
    allowed: ['http', 'yt-dlp'],
    classify: classify ?? (() => Promise.resolve({ kind: 'page' })),
  });
  const runner = new Runner({
    registry,
    downloadDir: dir,
    clock,
    onEvents: (session, events) => deliveries.push([session, events]),
    log: (message) => logged.push(message),
    ...options,
  });
  const events = (session = 's1'): RunnerEvent[] =>
    deliveries.flatMap(([to, sent]) => (to === session ? sent : []));
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
    deliveries,
    logged,
    events,
    event,
    files: async () => (await readdir(dir)).filter((name) => name !== '.sluice').sort(),
    workDirs: () => readdir(join(dir, '.sluice')).catch(() => []),
    async close() {
      for (const { calls } of [http, other]) {
        for (const call of calls) if (!call.isOver) call.fail(new Error('the test is over'));
      }
      await runner.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export type TestWith = (
  name: string,
  options: FixtureOptions,
  body: (fixture: Fixture) => Promise<void>,
) => void;

/** Adds tests that get a fixture of their own, which is closed after them. */
export function testsWith(test: (name: string, body: () => Promise<void>) => void): TestWith {
  return (name, options, body) => {
    test(name, async () => {
      const fixture = await createFixture(options);
      try {
        await settles(body(fixture), { what: name });
      } finally {
        await fixture.close();
      }
    });
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

/** Events as short strings: type, phase or bytes, job. */
export function summarize(events: RunnerEvent[]): string[] {
  return events.map((event) => {
    if (event.type === 'phase') return `phase ${event.phase} ${event.download}.${event.attempt}`;
    if (event.type === 'sample')
      return `sample ${event.sample.receivedBytes} ${event.download}.${event.attempt}`;
    if ('attempt' in event) return `${event.type} ${event.download}.${event.attempt}`;
    if (event.type === 'discarded') return `discarded ${event.download}`;
    return event.type;
  });
}

/** Lets pending microtasks and immediates run. */
export function nextTurns(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
