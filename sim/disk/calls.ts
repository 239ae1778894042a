/** System calls of one process: each takes its time, may be where the process is killed, and is traced. */
import type { Random } from '../world/random.ts';
import type { Life, Scheduler } from '../world/scheduler.ts';
import type { Trace } from '../world/trace.ts';
import type { Disk } from './disk.ts';
import { Errno } from './errno.ts';

/** Told of each call on a file, just before and just after it takes effect: where faults wait for one. */
export type CallListener = (when: 'before' | 'after', syscall: string, path: string) => void;

export interface CallParts {
  scheduler: Scheduler;
  disk: Disk;
  life: Life;
  random: Random;
  trace: Trace;
  /** ms that a sync takes at most. */
  syncMs: () => number;
  onCall: CallListener;
}

const MAX_CALL_MS = 0.3;

export class Calls {
  readonly disk: Disk;
  readonly #parts: CallParts;

  constructor(parts: CallParts) {
    this.#parts = parts;
    this.disk = parts.disk;
  }

  /** By a thread of the pool: takes effect at some time soon. A killed process learns nothing more of it. */
  later<T>(syscall: string, path: string, effect: () => T): Promise<T> {
    const { scheduler, life, random, syncMs } = this.#parts;
    return new Promise((resolve, reject) => {
      if (!life.isAlive) return;
      const isSync = syscall === 'fsync' || syscall === 'fdatasync';
      const tookMs = random.between(0.01, isSync ? syncMs() : MAX_CALL_MS);
      const entry = scheduler.schedule(tookMs, life, () => {
        try {
          const result = this.now(syscall, path, effect);
          if (life.isAlive) resolve(result);
        } catch (thrown) {
          if (life.isAlive) reject(thrown as Error);
        }
      });
      entry.interrupted = () => {
        try {
          effect();
        } catch {
          // Nobody is left to be told.
        }
      };
    });
  }

  /** In the main thread. */
  now<T>(syscall: string, path: string, effect: () => T): T {
    const { life, scheduler, trace, onCall } = this.#parts;
    onCall('before', syscall, path);
    if (!life.isAlive) throw new Errno('EIO', syscall, 'of a dead process');
    try {
      const result = effect();
      trace.add(scheduler.now, `${syscall} ${path}`);
      onCall('after', syscall, path);
      return result;
    } catch (thrown) {
      trace.add(scheduler.now, `${syscall} ${path} ${(thrown as Errno).code}`);
      throw thrown;
    }
  }
}
