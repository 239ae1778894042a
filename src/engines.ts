/** The engines of this process, and what they stand on: the guard, its proxy, and the process host. */
import { join } from 'node:path';
import type { Engine } from '#lib/annie/engine.ts';
import { createGuard } from '#lib/annie/guard/dial.server.ts';
import type { Allowed } from '#lib/annie/guard/policy.ts';
import { startProxy } from '#lib/annie/guard/proxy.server.ts';
import { createProcessHost } from '#lib/annie/process.server.ts';
import { createRegistry, type Registry } from '#lib/annie/registry.ts';
import type { Config } from './config.ts';
import type { Logger } from './log.ts';

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
  const engines: Engine[] = [];
  const registry = createRegistry({
    engines,
    allowed: config.engines,
    classify: async () => ({ kind: 'page' }),
  });
  return {
    registry,
    async close() {
      await processes.close();
      await proxy.close();
    },
  };
}
