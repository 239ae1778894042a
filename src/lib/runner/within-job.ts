/** A job as its code is told apart from that of others. */
export interface RunningJob {
  session: string;
  /** null = a look-up. */
  download: string | null;
  url: string;
}

/** Calls `work`, and returns what it returns. */
export type WithinJob = <T>(job: RunningJob, work: () => T) => T;
