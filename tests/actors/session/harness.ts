/** A session on the real embedded host and SQLite, with a simulated clock and the test as its runner. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SimulatedClock } from 'xstate';
import { createEmbeddedHost, define } from '#lib/actors/durable/host.server.ts';
import type { HostListener } from '#lib/actors/durable/observe.ts';
import type { SocketLink, WireSocket } from '#lib/actors/durable/types.ts';
import { MachineTap } from '#lib/inspector/taps/machines.ts';
import { RunnerTap } from '#lib/inspector/taps/runner.ts';
import { SessionActor } from '#lib/actors/session/session-actor.ts';
import type { ServerMessage } from '#lib/protocol/channel.ts';
import type { DownloadView } from '#lib/protocol/download.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import type { FoundOn, RunnerCommand, RunnerEvent } from '#lib/protocol/runner.ts';
import { settles, waitFor } from '../../support/wait.ts';

export const START = Date.UTC(2026, 10, 23);

/** XState's simulated clock, which counts from 0, with an offset. */
class TestClock {
  readonly #timers = new SimulatedClock();
  /** How far it was set back; timers go on as they would. */
  setBackMs = 0;

  now(): number {
    return START + this.#timers.now() - this.setBackMs;
  }

  setTimeout(callback: () => void, ms: number): unknown {
    return this.#timers.setTimeout(callback, ms);
  }

  clearTimeout(id: unknown): void {
    this.#timers.clearTimeout(id as number);
  }

  increment(ms: number): void {
    this.#timers.increment(ms);
  }
}

type Answer = Extract<ServerMessage, { type: 'ack' | 'reject' }>;

export class Reader implements WireSocket {
  bufferedAmount = 0;
  readonly messages: ServerMessage[] = [];
  readonly #answers = new Map<string, PromiseWithResolvers<Answer>>();
  closed: { code: number | undefined; reason: string | undefined } | null = null;
  link!: SocketLink;

  send(text: string | ArrayBuffer | Uint8Array): void {
    const message = JSON.parse(text as string) as ServerMessage;
    this.messages.push(message);
    if (message.type === 'ack' || message.type === 'reject') this.#answerTo(message.id).resolve(message);
  }

  close(code?: number, reason?: string): void {
    this.closed = { code, reason };
    this.link.closed(code ?? 1005, reason ?? '', true);
  }

  say(message: object | string): void {
    this.link.message(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The first answer to a command. */
  answer(id: string): Promise<Answer> {
    return settles(this.#answerTo(id).promise, { what: `the answer to ${id}`, deadlineMs: 60_000 });
  }

  #answerTo(id: string): PromiseWithResolvers<Answer> {
    const known = this.#answers.get(id) ?? Promise.withResolvers<Answer>();
    this.#answers.set(id, known);
    return known;
  }

  /** Waits for a message of a type that satisfies `wanted`. */
  async hear<T extends ServerMessage['type']>(
    type: T,
    wanted: (message: Extract<ServerMessage, { type: T }>) => boolean = () => true,
  ): Promise<Extract<ServerMessage, { type: T }>> {
    return waitFor(
      () =>
        this.messages.find(
          (message): message is Extract<ServerMessage, { type: T }> =>
            message.type === type && wanted(message as Extract<ServerMessage, { type: T }>),
        ),
      {
        what: `a message of type ${type}, among ${JSON.stringify(this.messages).slice(0, 2000)}`,
        deadlineMs: 5000,
      },
    );
  }
}

export async function startSession({
  maxActive = 3,
  throttleMs = 200,
  sessionClass = SessionActor,
  blamedDownloads = (_session: string): readonly string[] => [],
  foundOn = (_url: string, _session: string): FoundOn | null => null,
  ownerOf = (_session: string): string | null => null,
  countAdd = (_owner: string | null, _bytes: number, _addsPerDay: number | null): void => undefined,
} = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-session-'));
  const commands: RunnerCommand[] = [];
  const errors: unknown[] = [];
  const clock = new TestClock();
  const machines = new MachineTap();
  const wire = new RunnerTap();
  let ids = 0;
  const open = () =>
    createEmbeddedHost({
      storage: join(dir, 'state.sqlite'),
      classes: {
        session: define(sessionClass, {
          runner: {
            send(session, command) {
              wire.recordCommand(session, command);
              commands.push(command);
            },
          },
          clock: clock as never,
          newId: () => `id${String(++ids).padStart(10, '0')}`,
          random: () => 0,
          hasEngine: (name) => name !== 'program:gone',
          checkUrl: (url) => {
            if (!url.startsWith('http')) throw new SluiceError('unsupported_scheme');
            if (url.endsWith('/crash')) throw new Error('as asked');
            return url;
          },
          checkRoom: () => undefined,
          throttleMs,
          maxActive,
          blamedDownloads,
          foundOn,
          ownerOf,
          countAdd,
          machinesStarted: (session, root) => machines.onStarted(session, root),
        }),
      },
      clock: clock as never,
      onError: (error) => void errors.push(error),
    });
  let host = open();
  const stub = (name = 's1') => host.get<SessionActor>('session', name);

  return {
    clock,
    commands,
    errors,
    stats: () => host.stats(),
    /** The current host. */
    host: () => host,
    /** The inspector's part of `SessionEnv`. */
    machines,
    /** The port between the sessions and the test, which is their runner. */
    wire,
    observe: (listener: HostListener) => host.observe(listener),
    async call(
      method: string,
      path: string,
      body?: unknown,
      name?: string,
    ): Promise<{ status: number; body: never }> {
      const request = new Request(`http://sluice${path}`, {
        method,
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const response = await stub(name).fetch(request);
      const text = await response.text();
      return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as never };
    },
    async add(name: string, more: object = {}): Promise<string> {
      const { body } = await this.call('POST', '/downloads', { url: `https://example.org/${name}`, ...more });
      return (body as { id: string }).id;
    },
    async show(id: string): Promise<DownloadView> {
      return (await this.call('GET', `/downloads/${id}`)).body;
    },
    /** Delivers runner events. @returns resolves after their turn */
    news(...args: RunnerEvent[] | [session: string, ...RunnerEvent[]]): Promise<void> {
      const [name, ...events] = typeof args[0] === 'string' ? args : ['s1', ...args];
      wire.recordEvents(name as string, events as RunnerEvent[]);
      return stub(name as string).call('runnerEvents', events as RunnerEvent[]);
    },
    /** Waits for a command to the runner. */
    sentCommand<T extends RunnerCommand['type']>(
      type: T,
      download?: string,
    ): Promise<Extract<RunnerCommand, { type: T }>> {
      return waitFor(
        () =>
          commands.find(
            (command): command is Extract<RunnerCommand, { type: T }> =>
              command.type === type &&
              (download === undefined || ('download' in command && command.download === download)),
          ),
        { what: `the command ${type}, among ${JSON.stringify(commands).slice(0, 1000)}`, deadlineMs: 5000 },
      );
    },
    connect(name?: string): Reader {
      const reader = new Reader();
      reader.link = stub(name).connect(reader);
      return reader;
    },
    /** Stops the host with running jobs, and opens a new one on the same file. */
    async restart(): Promise<void> {
      await host.close();
      commands.length = 0;
      host = open();
    },
    wake: () => stub().call('wake'),
    async end(): Promise<void> {
      await host.close();
      await rm(dir, { recursive: true });
    },
  };
}

export type Session = Awaited<ReturnType<typeof startSession>>;

export const phase = (download: string, name: 'parse' | 'download' | 'finish', attempt = 1): RunnerEvent => ({
  type: 'phase',
  download,
  attempt,
  phase: name,
  engine: 'http',
  title: null,
  totalBytes: 1000,
});

export const sample = (download: string, receivedBytes: number, attempt = 1): RunnerEvent => ({
  type: 'sample',
  download,
  attempt,
  sample: { receivedBytes, totalBytes: 1000, percent: null, bytesPerSecond: 100, etaSeconds: null },
});

export const done = (download: string, attempt = 1): RunnerEvent => ({
  type: 'done',
  download,
  attempt,
  file: { name: `${download}.bin`, bytes: 1000 },
  output: '',
});

export const failed = (download: string, transient: boolean, attempt = 1): RunnerEvent => ({
  type: 'failed',
  download,
  attempt,
  error: { code: 'connection_lost', message: 'The connection broke.', transient, retryAfterMs: null },
  output: 'last words',
});

/** Registers a test with its own session; internal errors of the host fail it too. */
export function testSession(
  name: string,
  body: (s: Session) => Promise<void>,
  options?: Parameters<typeof startSession>[0],
): void {
  test(name, async () => {
    const s = await startSession(options);
    try {
      await body(s);
      assert.equal(s.errors, []);
    } finally {
      await s.end();
    }
  });
}
