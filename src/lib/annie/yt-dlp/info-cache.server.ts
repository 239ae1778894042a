/**
 * Caches the info JSON of listings on disk for ten minutes, so that the download need not open the page again. Media
 * addresses expire after hours at most sites, and at few within 15 minutes.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const TTL_MS = 10 * 60_000;
const MAX_FILES = 64;

export interface InfoCache {
  /** @param info the JSON as yt-dlp printed it. Never rejects. */
  put(url: string, info: Uint8Array): Promise<void>;
  /** The file for `--load-info-json`; null = there is none, or it is too old. */
  fileFor(url: string): Promise<string | null>;
  drop(url: string): Promise<void>;
}

export function createInfoCache(dir: string): InfoCache {
  const pathOf = (url: string): string => {
    return join(dir, `${createHash('sha256').update(url).digest('hex').slice(0, 32)}.json`);
  };

  async function prune(): Promise<void> {
    const files = await Promise.all(
      (await readdir(dir)).map(async (name) => {
        const path = join(dir, name);
        return { path, mtimeMs: (await stat(path)).mtimeMs };
      }),
    );
    files.sort((a, b) => b.mtimeMs - a.mtimeMs);
    const old = files.filter(({ mtimeMs }, index) => index >= MAX_FILES || Date.now() - mtimeMs > TTL_MS);
    await Promise.all(old.map(({ path }) => rm(path, { force: true })));
  }

  return {
    async put(url, info) {
      try {
        await mkdir(dir, { recursive: true, mode: 0o700 });
        await writeFile(pathOf(url), info, { mode: 0o600 });
        await prune();
      } catch {
        // For example a full disk, or concurrent pruning: the download will open the page itself.
      }
    },
    async fileFor(url) {
      const info = await stat(pathOf(url)).catch(() => null);
      return info !== null && Date.now() - info.mtimeMs < TTL_MS ? pathOf(url) : null;
    },
    drop: (url) => rm(pathOf(url), { force: true }).catch(() => undefined),
  };
}
