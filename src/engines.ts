/** The engines of this process, and what they stand on: the guard, its proxy, and the process host. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '#lib/annie/engine.ts';
import { createGuard } from '#lib/annie/guard/dial.server.ts';
import type { Allowed } from '#lib/annie/guard/policy.ts';
import { startProxy } from '#lib/annie/guard/proxy.server.ts';
import { createHttpEngine } from '#lib/annie/http/engine.server.ts';
import { createProcessHost } from '#lib/annie/process.server.ts';
import { findProgram } from '#lib/annie/process/program.server.ts';
import { createRegistry, type Registry } from '#lib/annie/registry.ts';
import { createYtDlpEngine } from '#lib/annie/yt-dlp/engine.ts';
import type { Config } from './config.ts';
import type { Logger } from './log.ts';
import { VERSION } from './version.ts';

export interface Engines {
  registry: Registry;
  close(): Promise<void>;
}

export interface EngineOptions {
  config: Config;
  allowPrivate: readonly Allowed[];
  /** Locked by this process: what an earlier one left running is ended by what it noted there. */
  stateDir: string;
  log: Logger;
}

export async function startEngines({ config, allowPrivate, stateDir, log }: EngineOptions): Promise<Engines> {
  const guard = createGuard({ allowPrivate });
  const [processes, proxy] = await Promise.all([
    createProcessHost({ runDir: join(stateDir, 'run') }),
    startProxy({ guard }),
  ]);
  if (processes.reaped > 0)
    log.warn('ended engines that an earlier process had left', { count: processes.reaped });
  const path = process.env['PATH'] ?? '';
  // Installed engines are in the data dir, also for a command that keeps its state elsewhere.
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  const ffmpegPath = findProgram('ffmpeg', path);
  const http = createHttpEngine({ guard, processes, ffmpegPath, stallMs: config.stallMs, version: VERSION });
  const engines: Engine[] = [
    http,
    createYtDlpEngine({
      processes,
      proxy,
      dataDir: config.dataDir,
      ffmpegPath,
      nodePath: process.execPath,
      path,
    }),
  ];
  const registry = createRegistry({
    engines,
    allowed: config.engines,
    classify: http.classify,
  });
  return {
    registry,
    async close() {
      await http.close();
      await processes.close();
      await proxy.close();
    },
  };
}
