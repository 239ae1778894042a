/**
 * Which job the current code runs for, through everything that it awaits. Node keeps this with each promise anyway
 * (AsyncContextFrame): a store has no measurable cost (docs/adr/021).
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { CurrentJob } from './termination-history.ts';

/** A name in the global symbol registry: the watchdog's thread shares no module with the main thread. */
const CURRENT_JOB = 'sluice.currentJob';
/** Evaluated in the main thread by the watchdog: the JSON of a `CurrentJob`, or of null. */
export const CURRENT_JOB_EXPRESSION = `globalThis[Symbol.for('${CURRENT_JOB}')]?.()`;

const current = new AsyncLocalStorage<CurrentJob | null>();

/** Runs `work`, and all that it starts, in the context of a job. */
export function runInJob<T>(job: CurrentJob, work: () => T): T {
  return current.run(job, work);
}

/** Runs `work` in the context of no job. */
export function runOutsideJobs<T>(work: () => T): T {
  return current.run(null, work);
}

/** The session of the current job; null outside of jobs. */
export function currentSession(): string | null {
  return current.getStore()?.session ?? null;
}

/** The session of the current job if that is a look-up, else null. */
export function currentParser(): string | null {
  const job = current.getStore() ?? null;
  return job?.download === null ? job.session : null;
}

/** Defines the function that `CURRENT_JOB_EXPRESSION` calls. */
export function exposeCurrentJob(): void {
  const known = globalThis as Record<symbol, unknown>;
  known[Symbol.for(CURRENT_JOB)] = () => JSON.stringify(current.getStore() ?? null);
}
