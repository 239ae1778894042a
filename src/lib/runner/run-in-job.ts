/** Names the job that code runs for. */
interface JobContext {
  session: string;
  /** null = a parse. */
  download: string | null;
  url: string;
}

/** Calls `work` in the context of a job, and returns its result. */
export type RunInJob = <T>(job: JobContext, work: () => T) => T;
