/**
 * The watchdog's history: how often in a row it ended the server while the server worked on a download. Pure;
 * `termination-history-file.server.ts` stores it.
 *
 * When a process ends in another way (a kill, a normal stop, a power cut) the row is over. Within a row the counts of
 * several downloads are independent: of two downloads that block, either may come first.
 */
import * as v from 'valibot';

/** In a row. */
const TERMINATIONS_TO_SET_ASIDE = 3;
/** More than ever run at once; keeps the file small. */
const MAX_DOWNLOADS = 100;

interface DownloadKey {
  session: string;
  download: string;
}

/** The job that the main thread was working for. */
export interface CurrentJob {
  session: string;
  /** null = a parse. */
  download: string | null;
  /** Host and port; the rest of an address may hold secrets. */
  site: string | null;
}

const jobSchema = v.object({
  session: v.pipe(v.string(), v.maxLength(256)),
  download: v.nullable(v.pipe(v.string(), v.maxLength(256))),
  site: v.nullable(v.pipe(v.string(), v.maxLength(300))),
});

const historySchema = v.object({
  version: v.literal(1),
  /** Whether the last process was ended by the watchdog; false while one runs. */
  isNoted: v.boolean(),
  downloads: v.pipe(
    v.array(
      v.object({
        session: v.string(),
        download: v.string(),
        ends: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
      }),
    ),
    v.maxLength(MAX_DOWNLOADS),
  ),
  /** The last termination, for people. */
  last: v.nullable(v.object({ at: v.string(), job: v.nullable(jobSchema) })),
});

export type TerminationHistory = v.InferOutput<typeof historySchema>;

export const NO_TERMINATIONS: TerminationHistory = { version: 1, isNoted: false, downloads: [], last: null };

/** Anything invalid, and the format of a newer Sluice, is an empty history. */
export function parseHistory(text: string): TerminationHistory {
  try {
    return v.parse(historySchema, JSON.parse(text));
  } catch {
    return NO_TERMINATIONS;
  }
}

/** Parses the main thread's answer; null = no job, or not a valid answer. */
export function parseJob(text: unknown): CurrentJob | null {
  try {
    return v.parse(jobSchema, JSON.parse(String(text)));
  } catch {
    return null;
  }
}

/** When a process starts. Downloads stay blamed until their session has stored that. */
export function withStart(history: TerminationHistory): TerminationHistory {
  const downloads = history.isNoted ? history.downloads : history.downloads.filter(isBlamed);
  return { ...history, isNoted: false, downloads };
}

/** When the watchdog ends the process. @param at ISO 8601 */
export function withTermination(
  history: TerminationHistory,
  job: CurrentJob | null,
  at: string,
): TerminationHistory {
  const ended: TerminationHistory = { ...history, isNoted: true, last: { at, job } };
  if (job === null || job.download === null) return ended;
  const { session, download } = job;
  const before = history.downloads.find((known) => isSame(known, { session, download }))?.ends ?? 0;
  const others = history.downloads.filter((known) => !isSame(known, { session, download }));
  return {
    ...ended,
    downloads: [{ session, download, ends: before + 1 }, ...others].slice(0, MAX_DOWNLOADS),
  };
}

/** When the session has stored which of its downloads failed: their counts start again. */
export function withoutBlamed(history: TerminationHistory, session: string): TerminationHistory {
  const downloads = history.downloads.filter((known) => known.session !== session || !isBlamed(known));
  return { ...history, downloads };
}

/** Downloads that must not resume by themselves, by session. */
export function blamedDownloads(history: TerminationHistory): Map<string, string[]> {
  const bySession = new Map<string, string[]>();
  for (const { session, download } of history.downloads.filter(isBlamed)) {
    bySession.set(session, [...(bySession.get(session) ?? []), download]);
  }
  return bySession;
}

/** The job that the main thread named both times that it was asked; null = none. */
export function blamedJob([first, second]: readonly CurrentJob[]): CurrentJob | null {
  if (first === undefined || second === undefined) return null;
  const isSameJob =
    first.session === second.session && first.download === second.download && first.site === second.site;
  return isSameJob ? first : null;
}

function isBlamed({ ends }: TerminationHistory['downloads'][number]): boolean {
  return ends >= TERMINATIONS_TO_SET_ASIDE;
}

function isSame(a: DownloadKey, b: DownloadKey): boolean {
  return a.session === b.session && a.download === b.download;
}
