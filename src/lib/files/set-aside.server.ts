/**
 * Work dirs that no stored download belongs to: the store was lost, or an older copy of it restored. They are kept for 30
 * days under a name that says so, and a download that turns up again gets its own back.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { opendir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, toDiskError } from './disk-error.ts';
import { occupiedBytes } from './disk-space.server.ts';
import { WORK_ROOT, workDirOf } from './work-dir.server.ts';
import { OWNER_FILE, parseOwner } from './work-owner.server.ts';

const KEPT_MS = 30 * 86_400_000;
/** `ID.aside-MS`: no id has a dot. */
const ASIDE = /^(?<download>[\w-]{1,64})\.aside-(?<since>\d{1,15})$/;

export interface SetAsideWorkDir {
  download: string;
  session: string;
  path: string;
  bytes: number;
  /** ms since 1970. */
  since: number;
  /** Removed at the first start after it, ms since 1970. */
  until: number;
}

/** Those of a download folder, as the runner uses them. */
export class SetAsideWorkDirs {
  readonly #downloadDir: string;
  /** Their downloads: looked up once, so that no download has to wait for a listing of the folder. */
  #known: Promise<Set<string>> | null = null;

  constructor(downloadDir: string) {
    this.#downloadDir = downloadDir;
  }

  /** @throws SluiceError `disk_*` */
  async add(download: string): Promise<void> {
    const path = workDirOf(this.#downloadDir, download);
    try {
      await rename(path, `${path}.aside-${Date.now()}`);
    } catch (thrown) {
      if (errnoOf(thrown) !== 'ENOENT') throw toDiskError(thrown);
      return;
    }
    (await this.#all()).add(download);
  }

  /** Gives a download the newest of what was set aside of it, unless it has a work dir. */
  async takeBack(download: string): Promise<void> {
    if (!(await this.#all()).delete(download)) return;
    const aside = (await namesAside(this.#downloadDir)).filter(({ download: of }) => of === download);
    const newest = aside.sort((a, b) => b.since - a.since)[0];
    if (newest === undefined) return;
    await rename(newest.path, workDirOf(this.#downloadDir, download)).catch(() => undefined);
  }

  #all(): Promise<Set<string>> {
    this.#known ??= namesAside(this.#downloadDir).then(
      (names) => new Set(names.map(({ download }) => download)),
      () => new Set(),
    );
    return this.#known;
  }
}

/** What is set aside of an instance, the oldest first. @throws SluiceError `disk_*` */
export async function listAside(downloadDir: string, instance: string): Promise<SetAsideWorkDir[]> {
  const found: SetAsideWorkDir[] = [];
  for (const { download, since, path } of await namesAside(downloadDir)) {
    const owner = ownerOf(path);
    if (owner?.instance !== instance) continue;
    const bytes = await occupiedBytes(path);
    found.push({ download, session: owner.session, path, bytes, since, until: since + KEPT_MS });
  }
  return found.sort((a, b) => a.since - b.since);
}

/** Removes what an instance has set aside more than 30 days ago. @throws SluiceError `disk_*` */
export async function removeExpired(downloadDir: string, instance: string, now: number): Promise<void> {
  for (const { path, since } of await namesAside(downloadDir)) {
    if (since + KEPT_MS < now && ownerOf(path)?.instance === instance)
      await rm(path, { recursive: true, force: true });
  }
}

/** Whether downloads of an instance are under way, or set aside. */
export function hasWorkDirsOf(downloadDir: string, instance: string): boolean {
  const root = join(downloadDir, WORK_ROOT);
  try {
    return readdirSync(root).some((name) => ownerOf(join(root, name))?.instance === instance);
  } catch {
    return false;
  }
}

async function namesAside(downloadDir: string): Promise<{ download: string; since: number; path: string }[]> {
  const root = join(downloadDir, WORK_ROOT);
  const found: { download: string; since: number; path: string }[] = [];
  try {
    for await (const { name } of await opendir(root)) {
      const { download, since } = ASIDE.exec(name)?.groups ?? {};
      if (download !== undefined) found.push({ download, since: Number(since), path: join(root, name) });
    }
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw toDiskError(thrown);
  }
  return found;
}

function ownerOf(workDir: string): ReturnType<typeof parseOwner> {
  try {
    return parseOwner(readFileSync(join(workDir, OWNER_FILE), 'utf8'));
  } catch {
    return null;
  }
}
