/** Hostile names of files through each engine: nothing outside the folder, and nothing over another's file. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineName, EngineStatus } from '#lib/protocol/media.ts';
import type { Api } from '../../tests/support/api.ts';
import type { Place } from '../../tests/support/server.ts';
import { ended } from './ended.ts';
import type { Report } from './report.ts';
import { eachAtOnce, type Scene, SITE } from './scene.ts';
import { hostileNames } from './hostile-names.ts';

/** How a name comes: from a stranger's server, from its page, or from who adds it. */
type Source = 'disposition' | 'path' | 'title' | 'asked';

/** Files of the owner, which some of the names are called. */
const KEPT = ['kept.mp4', 'planted', 'download', 'film', 'id'];

export async function attackByNames(scene: Scene, report: Report): Promise<void> {
  const { server, origin, some, seed } = scene;
  const { downloadDir } = server.place;
  for (const name of KEPT) writeFileSync(join(downloadDir, name), `the owner's ${name}`);
  const before = outside(server.place);
  const there = new Set(readdirSync(downloadDir));
  const api = await server.session();
  const { engines } = await api.expect<{ engines: EngineStatus[] }>(200, 'GET', '/api/engines');
  const isReady = (name: EngineName): boolean =>
    engines.some(({ engine, state }) => engine === name && state === 'ready');
  if (!isReady('yt-dlp')) report.skipped.push('yt-dlp is not installed');
  const names = hostileNames(seed);
  const tries = [
    ...names.flatMap((name) =>
      (['disposition', 'path', 'asked'] as const).map((by) => ({ name, by, engine: 'http' as const })),
    ),
    ...(isReady('yt-dlp')
      ? names.map((name) => ({ name, by: 'title' as const, engine: 'yt-dlp' as const }))
      : []),
  ];
  // yt-dlp takes a second or two for each.
  const ofPrograms = tries.filter(({ engine }) => engine !== 'http');
  const chosen = [...some(tries.slice(0, -ofPrograms.length || undefined), 20), ...some(ofPrograms, 0)];
  const bodies = new Set<string>();
  let next = 0;
  await eachAtOnce(chosen, 6, async ({ name, by, engine }) => {
    const id = `f${next++}`;
    const body = `body of ${id} `.padEnd(2_000, '.');
    serve(scene, id, name, by, body);
    const state = await download(api, address(id, name, by), engine, by === 'asked' ? name : null);
    if (state === 'complete') bodies.add(body);
    origin.sites.delete(id);
    report.attempt(state.startsWith('internal') ? `${engine} ${by} ${JSON.stringify(name)}: ${state}` : null);
  });
  const found = readdirSync(downloadDir).filter((name) => !there.has(name));
  const wrong = found.filter((name) => {
    const path = join(downloadDir, name);
    return !statSync(path).isFile() || !bodies.delete(readFileSync(path, 'utf8'));
  });
  for (const name of wrong) report.through.push(`not one of the files: ${JSON.stringify(name)}`);
  for (const body of bodies) report.through.push(`gone, or written over: the ${body.slice(0, 20)}`);
  for (const name of KEPT)
    if (readFileSync(join(downloadDir, name), 'utf8') !== `the owner's ${name}`)
      report.through.push(`over the owner's ${name}`);
  const after = outside(server.place);
  if (after !== before) report.through.push(`outside the folder: ${before} is now ${after}`);
  report.notes.push(`${found.length} files were written, of ${chosen.length} tries`);
}

function address(id: string, name: string, by: Source): string {
  const here = `http://${SITE}/j/${id}/`;
  if (by === 'title') return `${here}page`;
  // `.` and `..` would be taken out of the address, by whoever reads it first.
  const inPath = /^\.{1,2}$/.test(name) ? `${name} ` : name;
  return by === 'path'
    ? `${here}${encodeURIComponent(inPath.toWellFormed()).slice(0, 3_000)}`
    : `${here}film.mp4`;
}

function serve({ origin }: Scene, id: string, name: string, by: Source, body: string): void {
  const encoded = encodeURIComponent(name.toWellFormed());
  origin.sites.set(id, (rest) => {
    if (rest === 'page') {
      const title = name.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
      return {
        headers: { 'content-type': 'text/html; charset=utf-8' },
        body: `<!doctype html><title>${title}</title><video src="media.mp4"></video>`,
      };
    }
    return {
      headers: {
        'content-type': 'video/mp4',
        ...(by === 'disposition' ? { 'content-disposition': `attachment; filename*=UTF-8''${encoded}` } : {}),
      },
      body,
    };
  });
}

/** @returns how it ended, or the code with which it was refused */
async function download(api: Api, url: string, engine: EngineName, filename: string | null): Promise<string> {
  const added = await api.call<{ id: string; code?: string }>('POST', '/api/downloads', {
    ...{ url, engine },
    ...(filename === null ? {} : { filename: filename.toWellFormed() }),
  });
  if (added.status !== 202) return added.body.code ?? `internal ${added.status}`;
  const row = await ended(api, added.body.id);
  return row.error?.code ?? row.state;
}

/** Everything that is beside the two folders that the server writes to. */
function outside({ dir, dataDir, downloadDir }: Place): string {
  const others = readdirSync(dir).filter((name) => ![dataDir, downloadDir].includes(join(dir, name)));
  const all = others.flatMap((name) => {
    const path = join(dir, name);
    return statSync(path).isDirectory()
      ? readdirSync(path, { recursive: true }).map((each) => join(path, String(each)))
      : [path];
  });
  return JSON.stringify(all.sort().map((path) => [path, statSync(path).size]));
}
