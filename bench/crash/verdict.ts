/** Compares what a run left with what it was asked for. All lists are empty when nothing is wrong. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isFinal, type DownloadView } from '#lib/protocol/download.ts';
import { sha256Of } from '../../tests/site/content.ts';
import type { Site } from '../../tests/site/site.ts';
import { sha256File } from '../../tests/support/media-hash.ts';
import type { Place } from '../../tests/support/server.ts';
import type { Plan, PlannedDownload } from './plan.ts';

export interface Verdict {
  /** Acknowledged downloads without a row, or without their file. */
  lost: string[];
  /** More than one row or more than one file for one download. */
  duplicated: string[];
  /** Rows or files of downloads that were removed. */
  undead: string[];
  wrongHash: string[];
  rightHashes: number;
  /** Work dirs, part files, and any other unexpected files. */
  leftovers: string[];
  /** Downloads in `error`, with their code. */
  failed: string[];
}

export interface Evidence {
  plan: Plan;
  place: Place;
  rows: DownloadView[];
  ids: ReadonlyMap<PlannedDownload, string>;
  site: Site;
}

/** A work dir is removed once the finished file is synced, shortly after `complete`. */
const TIDY_MS = 10_000;

export async function judge({ plan, place, rows, ids }: Evidence): Promise<Verdict> {
  const verdict: Verdict = {
    lost: [],
    duplicated: [],
    undead: [],
    wrongHash: [],
    rightHashes: 0,
    leftovers: [],
    failed: [],
  };
  await tidy(place.downloadDir);
  const files = new Set(readdirSync(place.downloadDir));
  const byName = new Map<string, DownloadView[]>();
  for (const row of rows) {
    const name = /\/file\/(\w+)\./.exec(row.url)?.[1] ?? row.url;
    byName.set(name, [...(byName.get(name) ?? []), row]);
  }
  for (const download of plan.downloads) {
    const { name } = download;
    const found = byName.get(name) ?? [];
    byName.delete(name);
    if (found.length > 1) verdict.duplicated.push(`${name}: ${found.length} rows`);
    if (download.userAction === 'remove') {
      if (found.length > 0) verdict.undead.push(`${name}: ${found[0]!.state}`);
      continue;
    }
    const row = found.find(({ id }) => id === ids.get(download));
    if (row === undefined) verdict.lost.push(`${name}: no row of the id that was acknowledged`);
    else await judgeRow(row, download, place.downloadDir, files, verdict);
  }
  for (const [name, found] of byName)
    verdict.undead.push(`${name}: ${found.map(({ state }) => state).join()}`);
  for (const file of files) {
    if (file === '.sluice') verdict.leftovers.push(...workDirs(place.downloadDir));
    else if (/ \(\d+\)/.test(file)) verdict.duplicated.push(file);
    else verdict.leftovers.push(file);
  }
  return verdict;
}

/** Removes the row's file from `files`. */
async function judgeRow(
  { state, file, error, attempt }: DownloadView,
  { name, contentSeed, bytes }: PlannedDownload,
  downloadDir: string,
  files: Set<string>,
  verdict: Verdict,
): Promise<void> {
  if (state !== 'complete' || file === null) {
    const list = isFinal(state) ? verdict.failed : verdict.lost;
    list.push(`${name}: ${state} ${error?.code ?? ''} ${error?.message ?? ''} (attempt ${attempt})`);
    return;
  }
  if (!files.delete(file.name)) {
    verdict.lost.push(`${name}: there is no file ${file.name}`);
    return;
  }
  if (file.name.replace(/\.\w+$/, '') !== name) verdict.duplicated.push(`${name} is ${file.name}`);
  const hash = await sha256File(join(downloadDir, file.name));
  if (hash === sha256Of(contentSeed, bytes)) verdict.rightHashes++;
  else verdict.wrongHash.push(`${name}: ${file.bytes} bytes, ${bytes} asked`);
}

async function tidy(downloadDir: string): Promise<void> {
  const end = performance.now() + TIDY_MS;
  while (workDirs(downloadDir).length > 0 && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function workDirs(downloadDir: string): string[] {
  try {
    // Beside them is the mark of the folder.
    const entries = readdirSync(join(downloadDir, '.sluice'), { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join('.sluice', name));
  } catch {
    return [];
  }
}
