/** After another boot only what was synced of a track is trusted, and it is cut back to that. */
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HttpClient } from '#lib/annie/http/client/client.server.ts';
import { FragmentFetcher } from '#lib/annie/http/hls/fragment.server.ts';
import { readSyncedTrack, restoreSyncedTrack } from '#lib/annie/http/hls/synced-track.server.ts';
import { fetchTrack } from '#lib/annie/http/hls/track.server.ts';
import { setBootId } from '#lib/files/boot-id.server.ts';
import { SYNC_EVERY_MS } from '#lib/files/sync-schedule.ts';
import { syncOnDisk, type SyncPath } from '#lib/files/sync.server.ts';
import type { Playlist } from '#lib/foreign/playlist/playlist.ts';
import { contentPieces } from '../../site/content.ts';
import { served, startOddOrigin } from '../../site/odd-origin.ts';
import { readers } from '../../support/readers.ts';
import { reboot } from '../../support/reboot.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { codeOf, freshDir, openGuard, removeDirs } from './kit.ts';

const FRAGMENTS = 6;
const BYTES = 100_000;
const content = Buffer.concat([...contentPieces(95, 0, FRAGMENTS * BYTES)]);

const origin = await startOddOrigin();
const client = new HttpClient({ guard: openGuard(), stallMs: 10_000, headTimeoutMs: 10_000 });
const test = suite<{ workDir: string; path: string }>('hls-synced');

test.before.each(async (folder) => {
  folder.workDir = await freshDir();
  folder.path = join(folder.workDir, 'hls-video');
});
test.after.each(() => setBootId(null));
test.after(async () => {
  await client.close();
  await origin.close();
  await removeDirs();
});

/** After `held` bytes of a fragment its connection stalls. */
function serve(held: Partial<Record<number, number>>): void {
  origin.answer = (request) => {
    const index = Number(/(\d+)/.exec(request.path)?.[1]);
    const fragment = content.subarray(index * BYTES, (index + 1) * BYTES);
    const answer = served(fragment, { etag: `"${index}"` }, request);
    const after = held[index];
    if (after === undefined) return answer;
    return { ...answer, stop: { after: after - (request.from ?? 0), how: 'hold' } };
  };
}

interface Fetch {
  ended: Promise<string>;
  abort: () => void;
  /** Time goes on by so many ms for the syncs. */
  pass: (ms: number) => void;
}

async function fetching(workDir: string, syncPath: SyncPath = syncOnDisk): Promise<Fetch> {
  const list = Array.from({ length: FRAGMENTS }, (_, index) => `#EXTINF:2,\n/${index}.ts`);
  const text = ['#EXTM3U', ...list, '#EXT-X-ENDLIST'].join('\n');
  const { signal } = new AbortController();
  const playlist: Playlist = await readers.read(
    'playlist',
    { chunks: [new TextEncoder().encode(text)], url: `${origin.url}/stream.m3u8` },
    signal,
  );
  if (playlist.kind !== 'media') throw new Error('no media playlist');
  const abort = new AbortController();
  let passedMs = 0;
  const track = fetchTrack({
    ...{ workDir, name: 'video', fragments: playlist.fragments, rendition: '1' },
    ...{ fetcher: new FragmentFetcher(client, abort.signal), signal: abort.signal },
    ...{ onBytes: () => {}, onFragments: () => {} },
    sync: { syncPath, now: () => performance.now() + passedMs, checkEveryMs: 20 },
  });
  return {
    ended: codeOf(track),
    abort: () => abort.abort(new Error('stop')),
    pass: (ms) => void (passedMs += ms),
  };
}

async function pause({ abort, ended }: Fetch): Promise<void> {
  abort();
  await settles(ended);
}

async function sizes(workDir: string): Promise<Record<string, number>> {
  const names = (await fs.readdir(workDir)).filter((name) => !name.includes('json'));
  const entries = names.map(async (name) => {
    const info = await fs.stat(join(workDir, name)).catch(() => null);
    // it got another name meanwhile
    return info === null ? [] : [[name, info.size] as const];
  });
  return Object.fromEntries((await Promise.all(entries)).flat());
}

/**
 * Fragments that are in the track and known to be: its file has them a moment before, and a sync in between would be the last
 * one, as it is bytes that make one due.
 */
async function appended(workDir: string): Promise<number> {
  const text = await fs.readFile(join(workDir, 'hls-video.json'), 'utf8');
  return (JSON.parse(text) as { fragments: number }).fragments;
}

const has = (workDir: string, expected: Record<string, number>): Promise<boolean> =>
  waitFor(async () => isDeepStrictEqual(await sizes(workDir), expected), {
    what: JSON.stringify(expected),
  });

/** What is on the disk, and synced: 1 is slow, 2 waits for it, 3 to 5 are begun. */
const SYNCED = {
  'hls-video': BYTES,
  'hls-video.1.part': 10_000,
  'hls-video.2': BYTES,
  'hls-video.3.part': 30_000,
  'hls-video.4.part': 40_000,
  'hls-video.5.part': 50_000,
};

/** What a second attempt has, of which nothing was synced. */
const MORE = {
  ...SYNCED,
  'hls-video.1.part': 20_000,
  'hls-video.3.part': 60_000,
  'hls-video.4.part': 60_000,
  'hls-video.5.part': 60_000,
};

/**
 * Time goes on until the note of a sync has so many bytes of each fragment that is not in the track: a file may have its bytes
 * a moment before the engine knows.
 */
async function noted(workDir: string, fetch: Fetch, expected: Record<number, number>): Promise<void> {
  const isNoted = async (): Promise<boolean> => {
    fetch.pass(SYNC_EVERY_MS);
    const { others = [] } = (await readSyncedTrack(join(workDir, 'hls-video'))) ?? {};
    const found = Object.fromEntries(others.map(({ index, bytes }) => [index, bytes]));
    return isDeepStrictEqual(found, expected);
  };
  await waitFor(isNoted, { what: `the note of ${JSON.stringify(expected)}` });
}

async function synced(workDir: string): Promise<void> {
  serve({ 1: 10_000, 3: 30_000, 4: 40_000, 5: 50_000 });
  const fetch = await fetching(workDir);
  await has(workDir, SYNCED);
  await noted(workDir, fetch, { 1: 10_000, 2: BYTES, 3: 30_000, 4: 40_000, 5: 50_000 });
  await pause(fetch);
}

/** Fetches what is missing. @returns from where, by fragment: null = all of it, absent = it was there */
async function finished(workDir: string): Promise<Record<number, number | null>> {
  serve({});
  const before = origin.asked.length;
  assert.is(await settles((await fetching(workDir)).ended), 'done');
  const track = await fs.readFile(join(workDir, 'hls-video'));
  assert.ok(track.equals(content), `${track.length} bytes`);
  const asked = origin.asked.slice(before).map(({ path, from }) => [/\d+/.exec(path)?.[0], from] as const);
  return Object.fromEntries(asked);
}

/** The last fragment of the track is compared with the server's. */
const FROM_SYNCED = { 0: 0, 1: 10_000, 3: 30_000, 4: 40_000, 5: 50_000 };

test('after a power cut a track goes on from what was synced', async ({ workDir, path }) => {
  await synced(workDir);
  serve({ 1: 20_000, 3: 60_000, 4: 60_000, 5: 60_000 });
  const fetch = await fetching(workDir);
  await has(workDir, MORE);
  await pause(fetch);
  reboot();
  await fs.appendFile(path, 'not synced');
  const { fingerprint } = (await readSyncedTrack(path))!;
  assert.is((await restoreSyncedTrack(path, fingerprint))?.fragments, 1);
  assert.equal(await sizes(workDir), SYNCED);
  assert.equal(await finished(workDir), FROM_SYNCED);
  assert.equal(await sizes(workDir), { 'hls-video': FRAGMENTS * BYTES });
});

test('in the same boot the length of each file is trusted', async ({ workDir }) => {
  serve({ 1: 20_000, 3: 60_000, 4: 60_000, 5: 60_000 });
  const fetch = await fetching(workDir);
  await has(workDir, MORE);
  await pause(fetch);
  assert.equal(await finished(workDir), { 0: 0, 1: 20_000, 3: 60_000, 4: 60_000, 5: 60_000 });
});

test('fragments that a note names stay until a later one has them in the track', async ({ workDir }) => {
  await synced(workDir);
  serve({ 3: 30_000, 4: 40_000, 5: 50_000 });
  const fetch = await fetching(workDir);
  const { 'hls-video.1.part': _, ...others } = SYNCED;
  await has(workDir, { ...others, 'hls-video': 3 * BYTES, 'hls-video.1': BYTES, 'hls-video.2': BYTES });
  await pause(fetch);
  // what the cut leaves of the track, which was not synced since
  await fs.truncate(join(workDir, 'hls-video'), 2 * BYTES);
  reboot();
  assert.equal(await finished(workDir), FROM_SYNCED);
});

test('the next note is of what is in the track by then, and frees their space', async ({ workDir }) => {
  await synced(workDir);
  serve({ 3: 30_001, 4: 40_000, 5: 50_000 });
  const fetch = await fetching(workDir);
  await waitFor(async () => {
    const { 'hls-video.3.part': third } = await sizes(workDir);
    return (await appended(workDir)) === 3 && third === 30_001;
  });
  await noted(workDir, fetch, { 3: 30_001, 4: 40_000, 5: 50_000 });
  const { 'hls-video.1.part': _, 'hls-video.2': __, ...others } = SYNCED;
  await has(workDir, { ...others, 'hls-video': 3 * BYTES, 'hls-video.3.part': 30_001 });
  await pause(fetch);
  reboot();
  assert.equal(await finished(workDir), { 2: 0, 3: 30_001, 4: 40_000, 5: 50_000 });
});

test('files that a power cut has emptied are fetched again', async ({ workDir }) => {
  await synced(workDir);
  for (const name of ['hls-video.2', 'hls-video.3.part']) await fs.truncate(join(workDir, name), 0);
  await fs.rm(join(workDir, 'hls-video.4.part'));
  reboot();
  assert.equal(await finished(workDir), { ...FROM_SYNCED, 2: null, 3: null, 4: null });
});

test('a track that has less than was noted is fetched anew', async ({ workDir, path }) => {
  await synced(workDir);
  await fs.truncate(path, BYTES - 1);
  reboot();
  assert.equal(await finished(workDir), { 0: null, 1: null, 2: null, 3: null, 4: null, 5: null });
});

test('a newer file under the name of a synced one is not trusted', async ({ workDir }) => {
  await synced(workDir);
  for (const name of ['hls-video.2', 'hls-video.3.part']) {
    await fs.copyFile(join(workDir, name), join(workDir, 'copy'));
    await fs.rename(join(workDir, 'copy'), join(workDir, name));
  }
  reboot();
  assert.equal(await finished(workDir), { ...FROM_SYNCED, 2: null, 3: null });
});

for (const text of [null, '', '{"version":1,']) {
  test(`after a power cut nothing is trusted with a note of ${text}`, async ({ workDir, path }) => {
    await synced(workDir);
    if (text === null) await fs.rm(`${path}.synced.json`);
    else await fs.writeFile(`${path}.synced.json`, text);
    reboot();
    assert.equal(await finished(workDir), { 0: null, 1: null, 2: null, 3: null, 4: null, 5: null });
  });
}

test('a lost state and a note are as good as another boot', async ({ workDir, path }) => {
  await synced(workDir);
  await fs.truncate(`${path}.json`, 0);
  assert.equal(await finished(workDir), FROM_SYNCED);
});

test('a second power cut right after the first one loses nothing more', async ({ workDir }) => {
  await synced(workDir);
  for (const boot of ['11111111-2222-3333-4444-555555555555', '22222222-2222-3333-4444-555555555555']) {
    setBootId(boot);
    serve({ 1: 10_000, 3: 30_000, 4: 40_000, 5: 50_000 });
    const fetch = await fetching(workDir);
    await has(workDir, SYNCED);
    await pause(fetch);
  }
  setBootId(null);
  assert.equal(await finished(workDir), FROM_SYNCED);
});

test('a sync that fails is the failure of the attempt, and what it was to sync is not trusted', async ({
  workDir,
}) => {
  await synced(workDir);
  serve({ 1: 20_000, 3: 60_000, 4: 60_000, 5: 60_000 });
  const broken = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', syscall: 'fdatasync' });
  const fetch = await fetching(workDir, () => Promise.reject(broken));
  await waitFor(async () => (await sizes(workDir))['hls-video.5.part'] === 60_000);
  fetch.pass(SYNC_EVERY_MS);
  assert.is(await settles(fetch.ended), 'disk_error');
  assert.equal(await finished(workDir), FROM_SYNCED);
});

test.run();
