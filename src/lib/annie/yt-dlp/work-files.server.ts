/** What yt-dlp leaves in a work dir: two small files that tell, and the media. */
import { open, readdir, rm, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { SluiceError } from '../../protocol/error.ts';
import type { FetchedFile } from '../../files/fetched-file.ts';
import { DONE_FILE, FOUND_FILE, MEDIA_PREFIX } from './arguments.ts';
import type { PartSize } from './parts.ts';

const LAST_BYTES = 64 * 1024;

export interface Found {
  title: string | null;
  ext: string | null;
  parts: PartSize[];
}

/** Forgets what an earlier attempt told; its media stay. */
export async function clearTold(workDir: string): Promise<void> {
  await Promise.all([FOUND_FILE, DONE_FILE].map((name) => rm(join(workDir, name), { force: true })));
}

/** What yt-dlp said it is going to fetch; null = it has not said so yet. */
export async function readFound(workDir: string): Promise<Found | null> {
  const last = await lastLine(join(workDir, FOUND_FILE));
  if (last === null) return null;
  try {
    const json = JSON.parse(last) as Record<string, unknown>;
    const parts = Array.isArray(json['parts']) ? (json['parts'] as Record<string, unknown>[]) : [];
    return {
      title: textOf(json['title']),
      ext: textOf(json['ext']),
      parts: parts.map((part) => ({
        bytes: sizeOf(part['filesize']),
        // Without a guess at the size, the bit rate weighs as well: all parts last as long.
        estimate: sizeOf(part['filesize_approx']) ?? sizeOf(part['tbr']),
      })),
    };
  } catch {
    return null;
  }
}

/** Bytes of all whole media files but `current`. */
export async function bytesBeside(workDir: string, current: string): Promise<number> {
  const names = (await readdir(workDir)).filter((name) => {
    return name.startsWith(MEDIA_PREFIX) && name !== current && !/\.(part|ytdl|temp)\b/.test(name);
  });
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(workDir, name))).size));
  return sizes.reduce((a, b) => a + b, 0);
}

/**
 * The finished file, as yt-dlp named it after its last step; null when it named none.
 * @throws SluiceError `engine_output` when it is not where it should be
 */
export async function readResult(workDir: string): Promise<FetchedFile | null> {
  const last = await lastLine(join(workDir, DONE_FILE));
  if (last === null) return null;
  const path = resolve(workDir, String(JSON.parse(last)));
  const name = relative(resolve(workDir), path);
  const info = name.startsWith('..') || name.includes('/') ? null : await stat(path).catch(() => null);
  if (!info?.isFile() || info.size === 0) {
    throw new SluiceError('engine_output', 'yt-dlp says that it is done, but there is no file.');
  }
  const found = await readFound(workDir);
  const ext = /\.([^.]+)$/.exec(name)?.[1] ?? found?.ext ?? '';
  const title = found?.title ?? 'download';
  // Direct files keep their extension in the title at some extractors.
  const suggestedName = title.toLowerCase().endsWith(`.${ext.toLowerCase()}`) ? title : `${title}.${ext}`;
  return { path, suggestedName, bytes: info.size };
}

/** Of the last 64 kB: a title in it may be as long as a page. Null where there is none. */
async function lastLine(path: string): Promise<string | null> {
  const handle = await open(path, 'r').catch(() => null);
  if (handle === null) return null;
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, LAST_BYTES);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    const lines = buffer.toString('utf8').split('\n');
    return lines.findLast((line) => line !== '') ?? null;
  } finally {
    await handle.close();
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function sizeOf(value: unknown): number | null {
  return typeof value === 'number' && value > 0 ? value : null;
}
