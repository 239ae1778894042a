/**
 * The product in the simulated world: the real kernel, sessions, runner, files layer, guard and built-in engine, put
 * together as `src/server/sluice.ts` does. Bundled by `bundle.ts`, where `node:` modules and the network are replaced.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { systemClock } from '#lib/actors/durable/clock.ts';
import { createEmbeddedHost, define, type EmbeddedHost } from '#lib/actors/durable/host.server.ts';
import type { Store } from '#lib/actors/durable/store.ts';
import type { SessionEnv } from '#lib/actors/session/env.ts';
import { SessionActor } from '#lib/actors/session/session-actor.ts';
import { HttpEngine } from '#lib/annie/http/engine.server.ts';
import { Registry } from '#lib/annie/registry.ts';
import type { Readers } from '#lib/foreign/port.ts';
import { readers } from '#lib/foreign/readers.ts';
import { createGuard } from '#lib/guard/guard.server.ts';
import { createProbe } from '#lib/guard/probe.ts';
import { instanceKey } from '#lib/process/instance-key.server.ts';
import type { RunnerCommand, RunnerEvent, RunnerPort } from '#lib/protocol/runner.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { checkUrl } from '#lib/protocol/url.ts';
import { Reachability } from '#lib/runner/reachability.ts';
import { Runner } from '#lib/runner/runner.ts';
import { DeferredRunner } from '../../src/server/deferred-runner.ts';
import { openDownloadRoot } from '../../src/server/download-root.ts';
import { makeDir } from '../../src/server/make-dir.ts';
import { resume } from '../../src/server/resume.ts';
import { StoredSessions } from '../../src/server/stored-sessions.ts';

export { SluiceError };

export const SESSION = 'session';
const ID_BYTES = 8;

export interface ProductOptions {
  dataDir: string;
  downloadDir: string;
  store: Store;
  isNewStore: boolean;
  maxActive: number;
  maxActivePerSession: number;
  /** Of the log, and what passes between sessions and runner. */
  onNote: (note: string) => void;
  /** An error that nothing of the outside explains. */
  onBroken: (what: string, error: unknown) => void;
}

export interface Product {
  host: EmbeddedHost;
  close(): Promise<void>;
}

/** As `createSluice`, and `resume` once all is there. */
export async function startProduct(options: ProductOptions): Promise<Product> {
  const { dataDir, downloadDir, store, isNewStore, onNote, onBroken } = options;
  const log = {
    error: (message: string, details: object = {}) =>
      onBroken(message, (details as { error?: unknown }).error),
    warn: (message: string) => onNote(`log: ${message}`),
  };
  makeDir(dataDir, 'SLUICE_DATA_DIR', 0o700);
  makeDir(join(dataDir, 'run'), 'SLUICE_DATA_DIR', 0o700);
  const port = new DeferredRunner({
    recordCommand: (session, command) => onNote(commandNote(session, command)),
  });
  const host = createEmbeddedHost({
    storage: store,
    classes: { [SESSION]: define(SessionActor, sessionEnv(options, port)) },
    onError: (error, actor) => onBroken(`inside the session host ${actor?.id ?? ''}`, error),
  });
  const reachability = new Reachability();
  const guard = createGuard({ gate: reachability.dials });
  const http = new HttpEngine({ guard, readers: inThisThread });
  const registry = new Registry({
    engines: [http],
    allowed: ['http'],
    classify: (url, signal) => http.classify(url, signal),
  });
  const instance = instanceKey(join(dataDir, 'run'));
  const root = await openDownloadRoot({
    config: { downloadDir },
    dataDir,
    isNewStore,
    isUnused: host.ids(SESSION, '', 1).length === 0,
    store: { instance, dataDir },
    log: log as never,
  });
  const runner = new Runner({
    downloadDir,
    root,
    registry,
    reachability,
    probe: createProbe(guard),
    instance,
    maxActive: options.maxActive,
    maxActivePerSession: options.maxActivePerSession,
    leaseMs: Infinity,
    log: (message, details) => {
      onNote(`runner: ${message} ${String((details as { download?: string } | undefined)?.download ?? '')}`);
      if (message === 'a download broke') onBroken(message, (details as { thrown?: unknown }).thrown);
    },
    onEvents: (session, events) => {
      for (const event of events) if (event.type !== 'sample') onNote(eventNote(event));
      const handled = host.get<SessionActor>(SESSION, session).call('runnerEvents', events);
      handled.catch((error: unknown) => onNote(`runner events were not taken: ${String(error)}`));
    },
  });
  port.connect(runner);
  const sessionList = new StoredSessions(host, SESSION);
  const terminations = { sessions: [], forget: () => undefined };
  await resume({ host, sessionClass: SESSION, runner, sessionList, terminations, log: log as never });
  return {
    host,
    async close() {
      await runner.close();
      await host.close();
      await http.close();
    },
  };
}

function commandNote(session: string, command: RunnerCommand): string {
  const of = 'download' in command ? command.download : '';
  const attempt = 'attempt' in command ? `#${command.attempt}` : '';
  return `${session} > ${command.type} ${of}${attempt}`;
}

function eventNote(event: RunnerEvent): string {
  const of = 'download' in event ? event.download : '';
  const attempt = 'attempt' in event ? `#${event.attempt}` : '';
  const what = event.type === 'failed' ? ` ${event.error.code}: ${event.error.message}` : '';
  const phase = event.type === 'phase' ? ` ${event.phase}` : '';
  return `< ${event.type} ${of}${attempt}${phase}${what}`;
}

function sessionEnv({ maxActivePerSession }: ProductOptions, runner: RunnerPort): SessionEnv {
  return {
    runner,
    checkRoom: () => undefined,
    clock: systemClock,
    newId: () => randomBytes(ID_BYTES).toString('base64url'),
    random: () => Math.random(),
    checkUrl: (text) => (checkUrl(text), text.trim()),
    throttleMs: 200,
    maxActive: maxActivePerSession,
  };
}

/** Texts of the simulated servers harm nobody. */
const inThisThread: Readers = {
  read: async (name, input) => readers[name](input as never) as never,
};
