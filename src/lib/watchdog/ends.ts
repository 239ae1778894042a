/**
 * What the watchdog remembers from one process to the next: at which ends of a row it worked on which download. Pure;
 * `ends-file.server.ts` keeps it on disk.
 *
 * An end that is not noted (a kill, a stop in good order, a power cut) breaks the row. In an unbroken row counts add up
 * also where others come between: of two downloads that block, now the one and now the other may come first.
 */
import * as v from 'valibot';

/** So many noted ends in a row set a download aside. */
export const ENDS_TO_SET_ASIDE = 3;
/** Those that are remembered: more than ever work at once, and a file that stays small. */
const MAX_DOWNLOADS = 100;

export interface DownloadKey {
  session: string;
  download: string;
}

/** What the main thread was working for. */
export interface CurrentJob {
  session: string;
  /** null = a look-up. */
  download: string | null;
  /** Host and port; the rest of an address may hold secrets. */
  site: string | null;
}

const jobSchema = v.object({
  session: v.pipe(v.string(), v.maxLength(256)),
  download: v.nullable(v.pipe(v.string(), v.maxLength(256))),
  site: v.nullable(v.pipe(v.string(), v.maxLength(300))),
});

const endsSchema = v.object({
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
  /** The last end that was noted, for people. */
  last: v.nullable(v.object({ at: v.string(), job: v.nullable(jobSchema) })),
});

export type Ends = v.InferOutput<typeof endsSchema>;

export const NO_ENDS: Ends = { version: 1, isNoted: false, downloads: [], last: null };

/** Anything else than what we write, also of a newer Sluice, is as if nothing was noted. */
export function readEnds(text: string): Ends {
  try {
    return v.parse(endsSchema, JSON.parse(text));
  } catch {
    return NO_ENDS;
  }
}

/** The answer of the main thread; null = it works for no job, or what came is no answer. */
export function readJob(text: unknown): CurrentJob | null {
  try {
    return v.parse(jobSchema, JSON.parse(String(text)));
  } catch {
    return null;
  }
}

/** A process starts. What was set aside stays so until its session has stored that, however often the process dies before. */
export function afterStart(ends: Ends): Ends {
  const downloads = ends.isNoted ? ends.downloads : ends.downloads.filter(isSetAside);
  return { ...ends, isNoted: false, downloads };
}

/** The watchdog ends the process. @param at ISO 8601 */
export function afterEnd(ends: Ends, job: CurrentJob | null, at: string): Ends {
  const noted: Ends = { ...ends, isNoted: true, last: { at, job } };
  if (job === null || job.download === null) return noted;
  const { session, download } = job;
  const before = ends.downloads.find((known) => isSame(known, { session, download }))?.ends ?? 0;
  const others = ends.downloads.filter((known) => !isSame(known, { session, download }));
  return {
    ...noted,
    downloads: [{ session, download, ends: before + 1 }, ...others].slice(0, MAX_DOWNLOADS),
  };
}

/** Their session has stored that they are set aside, or has none of them: from here on they are as any other. */
export function withoutSetAside(ends: Ends, session: string): Ends {
  const downloads = ends.downloads.filter((known) => known.session !== session || !isSetAside(known));
  return { ...ends, downloads };
}

/** Downloads that must not go on by themselves, by session. */
export function setAside(ends: Ends): Map<string, string[]> {
  const bySession = new Map<string, string[]>();
  for (const { session, download } of ends.downloads.filter(isSetAside)) {
    bySession.set(session, [...(bySession.get(session) ?? []), download]);
  }
  return bySession;
}

/** The job that the main thread named each time that it was asked in a silence, or none. */
export function blamed([first, second]: readonly CurrentJob[]): CurrentJob | null {
  if (first === undefined || second === undefined) return null;
  const isSameJob =
    first.session === second.session && first.download === second.download && first.site === second.site;
  return isSameJob ? first : null;
}

function isSetAside({ ends }: Ends['downloads'][number]): boolean {
  return ends >= ENDS_TO_SET_ASIDE;
}

function isSame(a: DownloadKey, b: DownloadKey): boolean {
  return a.session === b.session && a.download === b.download;
}
