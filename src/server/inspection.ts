/** Connects the inspector to this process. */
import type { EmbeddedStub } from '#lib/actors/durable/types.ts';
import type { SessionActor } from '#lib/actors/session/session-actor.ts';
import type { EmbeddedHost } from '#lib/actors/durable/host.server.ts';
import { usageOfGroups } from '#lib/process/group-usage.server.ts';
import type { Runner } from '#lib/runner/runner.ts';
import { downloadOf } from '#lib/files/work-dir.server.ts';
import { Inspector } from '#lib/inspector/inspector.ts';
import type { MachineTap } from '#lib/inspector/taps/machines.ts';
import type { RunnerTap } from '#lib/inspector/taps/runner.ts';
import type { EngineName, EngineStatus } from '#lib/protocol/media.ts';
import type { Config } from './config.ts';
import type { Engines } from './engines.ts';
import { VERSION } from './version.ts';

/** What it observes. The taps are made earlier: sessions can wake as soon as the store is open. */
interface Inspected {
  config: Config;
  host: EmbeddedHost;
  sessionClass: string;
  sessions: { get(id: string): EmbeddedStub<SessionActor> };
  engines: Engines;
  runner: Runner;
  taps: { machines: MachineTap; runner: RunnerTap };
}

export function createInspector({
  config,
  host,
  sessionClass,
  sessions,
  engines,
  runner,
  taps,
}: Inspected): Inspector {
  return new Inspector({
    host,
    sessionClass,
    ...taps,
    processes: engines.processes,
    downloadOf: (cwd) => downloadOf(config.downloadDir, cwd),
    jobs: () => runner.jobs(),
    explain: (session, download) => sessions.get(session).call('explain', download),
    environment: { version: VERSION, node: process.version, platform: `${process.platform} ${process.arch}` },
    versions: async () => versionsOf(await engines.registry.statuses()),
    usageOfGroups,
    pid: process.pid,
    usage,
  });
}

function versionsOf(statuses: EngineStatus[]): Partial<Record<EngineName, string>> {
  return Object.fromEntries(
    statuses.flatMap((status) => (status.state === 'ready' ? [[status.engine, status.version]] : [])),
  );
}

function usage(): { cpuUs: number; rssBytes: number } {
  const { user, system } = process.cpuUsage();
  return { cpuUs: user + system, rssBytes: process.memoryUsage.rss() };
}
