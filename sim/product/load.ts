/** Runs the product's script as a process of the simulated machine: all that it imports from Node is simulated. */
import nodeCrypto from 'node:crypto';
import { constants } from 'node:fs';
import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import nodeOs from 'node:os';
import { Script } from 'node:vm';
import { Calls, type CallParts } from '../disk/calls.ts';
import { createFsPromises, FS_PROMISES_NAMES } from '../disk/fs-promises.ts';
import { createFsSync, FS_SYNC_NAMES } from '../disk/fs-sync.ts';
import { createDns } from '../net/dns.ts';
import type { Network } from '../net/network.ts';
import { createNet } from '../net/socket.ts';
import { createUndici } from '../net/undici.ts';
import { createGlobals, type Globals, sharedGlobals, type WallClock } from '../world/globals.ts';
import type { Random } from '../world/random.ts';
import type * as entry from './entry.ts';
import { createWorkerThreads } from './worker-threads.ts';

export type ProductModule = typeof entry;

export interface ProcessParts extends CallParts {
  network: Network;
  wall: WallClock;
}

type Script1 = (
  require: (name: string) => unknown,
  module: { exports: unknown },
  ...globals: unknown[]
) => void;
type Functions = Record<string, (...args: unknown[]) => unknown>;

/** The process that runs now. */
interface Current {
  globals: Globals;
  modules: Record<string, Functions>;
}

const realRequire = createRequire(import.meta.url);

/**
 * Evaluates the script once: its code is optimised only then. What it keeps outside of objects is put back at the start of
 * each process (`bundle.ts`), and what it imports from Node is that of the process which runs.
 */
export function loadProduct(code: string): (parts: ProcessParts) => ProductModule {
  let current: Current | null = null;
  const resets: (() => void)[] = [];
  const globals: Record<string, unknown> = {
    ...sharedGlobals(() => (current as Current).globals),
    resetAtStart: (reset: () => void) => resets.push(reset),
  };
  const delegate = (module: string, names: string[]): Functions =>
    Object.fromEntries(
      names.map((name) => [
        name,
        function (this: unknown, ...args: unknown[]) {
          return ((current as Current).modules[module]?.[name] as Functions[string]).apply(this, args);
        },
      ]),
    );
  const shared = sharedModules(delegate);
  const names = Object.keys(globals);
  const script = new Script(`(function (require, module, exports, ${names.join(', ')}) {${code}\n})`, {
    filename: 'product.js',
  });
  const module = { exports: {} };
  const require = (name: string): unknown => shared[name] ?? realRequire(name);
  (script.runInThisContext() as Script1)(require, module, module.exports, ...Object.values(globals));
  return (parts) => {
    current = {
      globals: createGlobals(parts.scheduler, parts.life, parts.wall, parts.random),
      modules: modulesOf(parts),
    };
    for (const reset of resets) reset();
    return module.exports as ProductModule;
  };
}

function modulesOf(parts: ProcessParts): Current['modules'] {
  const { life, network } = parts;
  const calls = new Calls(parts);
  return {
    fs: createFsSync(calls) as Functions,
    promises: createFsPromises(calls) as Functions,
    timers: {
      setTimeout: createGlobals(parts.scheduler, life, parts.wall, parts.random).sleep as Functions[string],
    },
    crypto: createCrypto(parts.random) as Functions,
    net: createNet(network, life) as Functions,
    dns: createDns(network, life) as unknown as Functions,
    threads: createWorkerThreads(calls) as Functions,
    undici: createUndici(network, life) as Functions,
  };
}

function sharedModules(delegate: (module: string, names: string[]) => Functions): Record<string, unknown> {
  const { startWorker } = delegate('threads', ['startWorker']) as {
    startWorker: (...args: unknown[]) => object;
  };
  const { createAgent, request } = delegate('undici', ['createAgent', 'request']) as Functions;
  class Worker {
    constructor(...args: unknown[]) {
      return startWorker(...args);
    }
  }
  const dns = delegate('dns', ['lookup', 'resolve4', 'resolve6']);
  class Resolver {
    resolve4 = dns['resolve4'];
    resolve6 = dns['resolve6'];
  }
  class Agent {
    constructor(options: unknown) {
      return createAgent?.(options) as Agent;
    }
  }
  return {
    'node:fs': { ...delegate('fs', FS_SYNC_NAMES), constants },
    'node:fs/promises': { ...delegate('promises', FS_PROMISES_NAMES), constants },
    'node:timers/promises': delegate('timers', ['setTimeout']),
    'node:crypto': { ...nodeCrypto, ...delegate('crypto', ['randomBytes', 'randomUUID']) },
    'node:net': { isIP, ...delegate('net', ['connect']) },
    'node:dns/promises': { ...dns, Resolver },
    'node:os': { ...nodeOs, networkInterfaces: () => ({}) },
    'node:worker_threads': { Worker, parentPort: null, workerData: null, isMainThread: true },
    'undici/lib/dispatcher/agent.js': Agent,
    'undici/lib/api/api-request.js': request,
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
  return { randomBytes, randomUUID };
}
