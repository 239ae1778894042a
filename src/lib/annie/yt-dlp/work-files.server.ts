/** The files of yt-dlp in a work dir: three small reports, and the media. */
import { lstat, readdir, rm, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { SluiceError } from '../../protocol/error.ts';
import { openNote } from '../../files/work-note.server.ts';
import type { FetchedFile } from '../../files/fetched-file.ts';
import { RESULT_FILE, PLAN_FILE, MEDIA_PREFIX } from './arguments.ts';
import type { PartSize } from './combined-progress.ts';

const TAIL_BYTES = 64 * 1024;
/** The first answers of servers, as `range-check.py` notes them. */
const ANSWERS_FILE = 'sluice-answers.jsonl';

export interface DownloadPlan {
  title: string | null;
  ext: string | null;
  parts: PartSize[];
}

/**
 * Removes the reports of an earlier attempt; its media stay. So does `LISTED_FILE`, what was listed of them: a part that is
 * whole already is not noted again.
 */
export async function clearReports(workDir: string): Promise<void> {
  await Promise.all([PLAN_FILE, RESULT_FILE].map((name) => rm(join(workDir, name), { force: true })));
}

/** What yt-dlp is going to fetch; null = it has not reported that yet. */
export async function readPlan(workDir: string): Promise<DownloadPlan | null> {
  const last = await lastLine(join(workDir, PLAN_FILE));
  if (last === null) return null;
  try {
    const json = JSON.parse(last) as Record<string, unknown>;
    const parts = Array.isArray(json['parts']) ? (json['parts'] as Record<string, unknown>[]) : [];
    return {
      title: stringOrNull(json['title']),
      ext: stringOrNull(json['ext']),
      parts: parts.map((part) => ({
        bytes: sizeOrNull(part['filesize']),
        // The bit rate is as good a weight as the size: all parts have the same duration.
        estimate: sizeOrNull(part['filesize_approx']) ?? sizeOrNull(part['tbr']),
      })),
    };
  } catch {
    return null;
  }
}

/** Whether the server of this file, named without `.part`, has sent it with its size, and sends parts of it too. */
export async function hasRanges(workDir: string, name: string): Promise<boolean> {
  let found = false;
  for (const line of await lastLines(join(workDir, ANSWERS_FILE))) {
    try {
      const [key, answer] = JSON.parse(line) as [string, { total: number | null; ranges?: boolean }];
      if (key === name) found = answer.ranges === true && answer.total !== null;
    } catch {
      // Cut off: at the start of what was read, or by a kill.
    }
  }
  return found;
}

/** Bytes of all complete media files but `current`. */
export async function bytesOfOtherFiles(workDir: string, current: string): Promise<number> {
  const names = (await readdir(workDir)).filter((name) => {
    return name.startsWith(MEDIA_PREFIX) && name !== current && !/\.(part|ytdl|temp)\b/.test(name);
  });
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(workDir, name))).size));
  return sizes.reduce((a, b) => a + b, 0);
}

/**
 * The finished file that yt-dlp reported after its last step; null when it reported none.
 * @param listedTitle names the file; absent = the title of its own page does
 * @throws SluiceError `engine_output` when there is no such file in the work dir
 */
export async function readResult(workDir: string, listedTitle?: string): Promise<FetchedFile | null> {
  const last = await lastLine(join(workDir, RESULT_FILE));
  if (last === null) return null;
  const path = resolve(workDir, String(JSON.parse(last)));
  const name = relative(resolve(workDir), path);
  const info = name.startsWith('..') || name.includes('/') ? null : await lstat(path).catch(() => null);
  if (!info?.isFile() || info.size === 0) {
    throw new SluiceError('engine_output', 'yt-dlp says that it is done, but there is no file.');
  }
  const plan = await readPlan(workDir);
  const ext = /\.([^.]+)$/.exec(name)?.[1] ?? plan?.ext ?? '';
  const title = listedTitle ?? plan?.title ?? 'download';
  // Some extractors keep the extension of direct files in the title.
  const suggestedName = title.toLowerCase().endsWith(`.${ext.toLowerCase()}`) ? title : `${title}.${ext}`;
  return { path, suggestedName, bytes: info.size };
}

/** As a title may be as long as a page. Null when there is none. */
async function lastLine(path: string): Promise<string | null> {
  return (await lastLines(path)).findLast((line) => line !== '') ?? null;
}

/** Of the last 64 kB; the first may be cut. None without the file. */
export async function lastLines(path: string): Promise<string[]> {
  const handle = await openNote(path).catch(() => null);
  if (handle === null) return [];
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, TAIL_BYTES);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8').split('\n');
  } finally {
    await handle.close();
  }
}

function stringOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function sizeOrNull(value: unknown): number | null {
  return typeof value === 'number' && value > 0 ? value : null;
}
