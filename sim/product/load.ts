/** Starts the product's script as a process of the simulated machine: all that it imports from Node is simulated. */
import nodeCrypto from 'node:crypto';
import { createRequire } from 'node:module';
import { Script } from 'node:vm';
import { Calls, type CallParts } from '../disk/calls.ts';
import { createFsPromises } from '../disk/fs-promises.ts';
import { createFsSync } from '../disk/fs-sync.ts';
import type { Network } from '../net/network.ts';
import { createDns, createNet } from '../net/socket.ts';
import { createUndici } from '../net/undici.ts';
import { createGlobals, type WallClock } from '../world/globals.ts';
import type { Random } from '../world/random.ts';
import type * as entry from './entry.ts';
import { createWorkerThreads } from './worker-threads.ts';

export type ProductModule = typeof entry;

export interface ProcessParts extends CallParts {
  network: Network;
  wall: WallClock;
}

type Factory = (require: (name: string) => unknown, module: { exports: unknown }, exports: unknown, ...globals: unknown[]) => void;

const realRequire = createRequire(import.meta.url);
const PARAMETERS = ['require', 'module', 'exports'];
const GLOBALS = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'Date',
  'Math',
  'performance',
];

/** Compiled once, evaluated once for each process. */
export function compileProduct(code: string): (parts: ProcessParts) => ProductModule {
  const parameters = [...PARAMETERS, ...GLOBALS].join(', ');
  const script = new Script(`(function (${parameters}) {${code}\n})`, { filename: 'product.js' });
  const factory = script.runInThisContext() as Factory;
  return (parts) => {
    const { scheduler, life, wall, random, network } = parts;
    const globals = createGlobals(scheduler, life, wall, random);
    const calls = new Calls(parts);
    const undici = createUndici(network, life);
    const modules: Record<string, unknown> = {
      'node:fs': createFsSync(calls),
      'node:fs/promises': createFsPromises(calls),
      'node:timers/promises': globals.timersPromises,
      'node:crypto': createCrypto(random),
      'node:net': createNet(network, life),
      'node:dns/promises': createDns(network, life),
      'node:worker_threads': createWorkerThreads(calls),
      'undici/lib/dispatcher/agent.js': undici.Agent,
      'undici/lib/api/api-request.js': undici.request,
    };
    const module = { exports: {} };
    const require = (name: string): unknown => modules[name] ?? realRequire(name);
    factory(require, module, module.exports, ...GLOBALS.map((name) => globals.values[globals.names.indexOf(name)]));
    return module.exports as ProductModule;
  };
}

function createCrypto(random: Random): Record<string, unknown> {
  const randomBytes = (count: number): Buffer => {
    const bytes = Buffer.alloc(count);
    random.fill(bytes);
    return bytes;
  };
  const randomUUID = (): string =>
    randomBytes(16)
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { ...nodeCrypto, randomBytes, randomUUID };
}
