/**
 * For which job the code runs that runs now, followed through everything that is awaited. Node keeps this with each
 * promise anyway (AsyncContextFrame): a store costs nothing that could be measured (docs/adr/021).
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { CurrentJob } from './ends.ts';

/** Under this name the watchdog finds what to ask, in the global symbol registry: it shares no module with this thread. */
const CURRENT_JOB = 'sluice.currentJob';
/** What the watchdog has the main thread evaluate: the JSON of a `CurrentJob`, or of null. */
export const ASK_CURRENT_JOB = `globalThis[Symbol.for('${CURRENT_JOB}')]?.()`;

const current = new AsyncLocalStorage<CurrentJob | null>();

/** Whatever `work` does, now and later, it does for this job. */
export function runInJob<T>(job: CurrentJob, work: () => T): T {
  return current.run(job, work);
}

/** Whatever `work` does, it does for everybody. */
export function runOutsideJobs<T>(work: () => T): T {
  return current.run(null, work);
}

/** Whose job it is; null outside of jobs. */
export function currentSession(): string | null {
  return current.getStore()?.session ?? null;
}

/** Makes it known to the watchdog. */
export function exposeCurrentJob(): void {
  const known = globalThis as Record<symbol, unknown>;
  known[Symbol.for(CURRENT_JOB)] = () => JSON.stringify(current.getStore() ?? null);
}
