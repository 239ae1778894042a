/** A session on a server's state dir, with a simulated clock and the test as its runner. */
import { join } from 'node:path';
import { SimulatedClock } from 'xstate';
import { createEmbeddedHost, define, type EmbeddedHostOptions } from '#lib/actors/durable/host.server.ts';
import { SessionActor } from '#lib/actors/session/session-actor.ts';
import { matchRequest } from '#lib/protocol/request.ts';
import type { RunnerCommand, RunnerEvent } from '#lib/protocol/runner.ts';

/** The time of the fixture's session. */
export const MADE_AT = Date.UTC(2026, 10, 23);

class DateClock extends SimulatedClock {
  readonly #start: number;

  constructor(start: number) {
    super();
    this.#start = start;
  }

  override now(): number {
    return this.#start + super.now();
  }
}

export interface StoredSession {
  clock: SimulatedClock;
  /** Commands to the runner, in order. */
  commands: RunnerCommand[];
  errors: unknown[];
  call: (method: string, path: string, body?: unknown) => Promise<{ status: number; body: never }>;
  /** As the edge in the same process asks. */
  ask: (method: string, path: string, body?: unknown) => Promise<{ status: number; body: never }>;
  news: (...events: RunnerEvent[]) => Promise<void>;
  wake: () => Promise<void>;
  close: () => Promise<void>;
}

/** @param at the time of its clock, ms since 1970 */
export function openStoredSession(
  stateDir: string,
  session: string,
  at: number,
  storage: EmbeddedHostOptions['storage'] = join(stateDir, 'sluice.db'),
): StoredSession {
  const clock = new DateClock(at);
  const commands: RunnerCommand[] = [];
  const errors: unknown[] = [];
  let ids = 0;
  const host = createEmbeddedHost({
    storage,
    classes: {
      session: define(SessionActor, {
        runner: { send: (_, command) => void commands.push(command) },
        clock: clock as never,
        newId: () => `id${String(++ids).padStart(10, '0')}`,
        random: () => 0,
        checkUrl: (url) => url,
        checkRoom: () => undefined,
        throttleMs: 200,
        maxActive: 3,
      }),
    },
    clock: clock as never,
    onError: (error) => void errors.push(error),
  });
  const stub = host.get<SessionActor>('session', session);
  return {
    clock,
    commands,
    errors,
    async call(method, path, body) {
      const init = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
      const response = await stub.fetch(new Request(`http://sluice${path}`, init));
      const text = await response.text();
      return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as never };
    },
    async ask(method, path, body) {
      const matched = matchRequest(method, `/api${path}`);
      if (matched.by === 'edge') throw new Error(`${path} is answered by the edge`);
      const answer = await stub.call(
        'ask',
        matched.parse('', body === undefined ? '' : JSON.stringify(body)),
      );
      return { status: answer.status, body: JSON.parse(answer.body ?? 'null') as never };
    },
    news: (...events) => stub.call('runnerEvents', events),
    wake: () => stub.call('wake'),
    close: () => host.close(),
  };
}
