/**
 * Loaded by NODE_OPTIONS into a real server: blocks its event loop when a test asks for it by files in
 * `BLOCKER_DIR`:
 * - `port`: dialling this port blocks for ever, within the job that dials;
 * - `now`: JSON of a `Block`: deleted, then the loop is blocked for that time, within no job.
 * `blocking` is created once the loop is blocked. `BLOCKER_LIMITS`: JSON of the watchdog's limits.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { join } from 'node:path';
import threads, { type WorkerOptions } from 'node:worker_threads';

export interface Block {
  /** `native`: in native code, which V8 cannot interrupt. */
  kind: 'loop' | 'native';
  ms: number;
}

/** Short beside all limits. */
const ROUND_MS = 2;

const dir = process.env['BLOCKER_DIR'];
if (dir !== undefined && threads.isMainThread) {
  const limits = process.env['BLOCKER_LIMITS'];
  if (limits !== undefined) giveLimits(limits);
  blockDials(dir);
  const now = join(dir, 'now');
  setInterval(() => {
    if (!existsSync(now)) return;
    const order = JSON.parse(readFileSync(now, 'utf8')) as Block;
    rmSync(now);
    block(dir, order);
  }, 20).unref();
}

function block(where: string, { kind, ms }: Block): void {
  writeFileSync(join(where, 'blocking'), '');
  if (kind === 'native') {
    spawnSync('sleep', [String(ms / 1000)]);
    return;
  }
  const end = performance.now() + ms;
  // JavaScript that goes round, and leaves the core to others between two rounds.
  const pause = new Int32Array(new SharedArrayBuffer(4));
  while (performance.now() < end) Atomics.wait(pause, 0, 0, ROUND_MS);
}

function blockDials(where: string): void {
  const file = join(where, 'port');
  type Connect = (this: Socket, ...args: unknown[]) => Socket;
  const prototype = Socket.prototype as unknown as { connect: Connect };
  const { connect } = prototype;
  prototype.connect = function (...args) {
    const [options] = args.flat() as { port?: unknown }[];
    const isMeant = existsSync(file) && readFileSync(file, 'utf8') === String(options?.port);
    if (isMeant) block(where, { kind: 'loop', ms: Infinity });
    return connect.apply(this, args);
  };
}

/** The limits are no setting: the thread is started with other ones instead. */
function giveLimits(limits: string): void {
  const { Worker } = threads;
  threads.Worker = class extends Worker {
    constructor(program: URL, options: WorkerOptions & { workerData?: { limits?: unknown } }) {
      const { workerData } = options;
      if (workerData?.limits !== undefined) workerData.limits = JSON.parse(limits);
      super(program, options);
    }
  };
  syncBuiltinESMExports();
}
