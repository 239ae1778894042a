import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DownloadFollower, type NewDownloadOptions } from '../../src/cli/download-follower.ts';
import type { CliSession } from '../../src/cli/session.ts';
import type { Snapshot } from '#lib/protocol/channel.ts';
import type { DownloadView } from '#lib/protocol/download.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import type { MediaItem, ParseResult } from '#lib/protocol/media.ts';
import { settles, waitFor } from '../support/wait.ts';

const OPTIONS: NewDownloadOptions = { streamId: null, engine: null, sha256: null };

function rowOf(id: string, rest: Partial<DownloadView> = {}): DownloadView {
  return {
    ...{ id, url: `http://example.com/${id}`, title: id, engine: 'http', state: 'queued', attempt: 1 },
    ...{ receivedBytes: 0, totalBytes: null, percent: null, bytesPerSecond: null, etaSeconds: null },
    ...{ createdAt: '2026-11-26T10:00:00.000Z', finishedAt: null, file: null, error: null },
    ...rest,
  };
}

function snapshotOf(downloads: DownloadView[], next: string | null): Snapshot {
  const totals = { active: 0, queued: 0, done: 0, failed: 0, bytesPerSecond: 0 };
  return { type: 'snapshot', epoch: 'e', seq: 1, downloads, next, totals };
}

/** A run of downloads whose ids are the last parts of their addresses, with the paths it read and the rows it showed. */
function follow(names: string[], answer: (path: string) => unknown) {
  const shown: DownloadView[] = [];
  const requested: string[] = [];
  const downloads = new DownloadFollower((row) => shown.push(row));
  const send = async (name: string, { url = '' }: { url?: string }): Promise<unknown> => {
    if (name === 'parse') throw new SluiceError('unsupported_url');
    return { id: url.split('/').at(-1) };
  };
  const session = {
    channel: { send },
    apiGet: async (path: string) => {
      requested.push(path);
      return answer(path);
    },
  } as unknown as CliSession;
  downloads.attach(session);
  downloads.apply(snapshotOf([], null));
  downloads.apply({ type: 'update', seq: 2, changes: names.map((name) => rowOf(name)) });
  const urls = names.map((name) => `http://example.com/${name}`);
  const code = downloads.run(urls, OPTIONS, () => {});
  const isFollowing = () => waitFor(() => shown.length >= names.length, { what: 'the first rows' });
  return { downloads, shown, requested, code, isFollowing };
}

const COMPLETE = { state: 'complete', finishedAt: '2026-11-26T10:00:01.000Z' } as const;

test('rows that a snapshot does not hold are read page by page from its cursor, until all are found', async () => {
  const pages: Record<string, unknown> = {
    '/api/downloads?limit=200&cursor=c%2F1': {
      downloads: [rowOf('other'), rowOf('b', COMPLETE)],
      next: 'c2',
    },
    '/api/downloads?limit=200&cursor=c2': { downloads: [rowOf('a', COMPLETE)], next: 'c3' },
  };
  const { downloads, requested, code, isFollowing } = follow(['a', 'b', 'c'], (path) => pages[path]);
  await isFollowing();
  downloads.apply(snapshotOf([rowOf('c', COMPLETE)], 'c/1'));
  assert.is(await settles(code), 0);
  assert.equal(requested, Object.keys(pages));
});

test('a download that can no longer be found counts as failed', async () => {
  const { downloads, shown, requested, code, isFollowing } = follow(['a', 'b'], (path) => {
    if (path.includes('?')) return { downloads: [], next: null };
    throw new SluiceError('not_found');
  });
  await isFollowing();
  downloads.apply(snapshotOf([rowOf('b', COMPLETE)], 'c1'));
  assert.is(await settles(code), 1);
  assert.equal(requested, ['/api/downloads?limit=200&cursor=c1', '/api/downloads/a']);
  const last = shown.findLast(({ id }) => id === 'a');
  assert.equal([last?.state, last?.error?.code], ['error', 'not_found']);
});

test('a download that is removed while it is followed counts as failed', async () => {
  const { downloads, code, isFollowing } = follow(['a'], () => assert.unreachable());
  await isFollowing();
  downloads.apply({ type: 'update', seq: 3, changes: [{ id: 'a', deleted: true }] });
  assert.is(await settles(code), 1);
});

test('updates that arrive while a row is read win over that row', async () => {
  const page = Promise.withResolvers<unknown>();
  const { downloads, shown, code, isFollowing } = follow(['a'], () => page.promise);
  await isFollowing();
  downloads.apply(snapshotOf([], 'c1'));
  downloads.apply({ type: 'update', seq: 2, changes: [{ id: 'a', ...COMPLETE }] });
  page.resolve({ downloads: [rowOf('a', { state: 'download', title: 'A' })], next: null });
  assert.is(await settles(code), 0);
  assert.equal([shown.at(-1)?.state, shown.at(-1)?.title], ['complete', 'A']);
});

test('a listing that fails is requested again', async () => {
  let tries = 0;
  const { downloads, code, isFollowing } = follow(['a'], () => {
    if (++tries === 1) throw new SluiceError('connect_failed');
    return { downloads: [rowOf('a', COMPLETE)], next: null };
  });
  await isFollowing();
  downloads.apply(snapshotOf([], 'c1'));
  assert.is(await settles(code), 0);
  assert.is(tries, 2);
});

/** A run of one address, whose pages it lists; `added` has the addresses of its downloads. */
function followList(pages: ParseResult[]) {
  const added: string[] = [];
  const said: string[] = [];
  const send = async (name: string, { url = '', cursor }: { url?: string; cursor?: string }) => {
    if (name === 'parse') {
      const page = pages[Number(cursor ?? 0)];
      if (page === undefined) throw new SluiceError('remote_busy');
      return page;
    }
    added.push(url);
    return { id: url.split('/').at(-1) };
  };
  const downloads = new DownloadFollower(() => {});
  downloads.attach({ channel: { send }, apiGet: () => assert.unreachable() } as unknown as CliSession);
  downloads.apply(snapshotOf([], null));
  const ids = new Set(pages.flatMap(({ items }) => items.map(({ url }) => url.split('/').at(-1) ?? '')));
  const changes = [...ids].map((id) => rowOf(id, COMPLETE));
  downloads.apply({ type: 'update', seq: 2, changes });
  const run = (options: Partial<NewDownloadOptions> = {}): Promise<number> => {
    const code = downloads.run(
      ['http://example.com/list'],
      { ...OPTIONS, ...options },
      (_, error) => said.push(error.code),
      (_, what) => said.push(what),
    );
    return settles(code);
  };
  return { run, added, said };
}

function itemOf(id: string, rest: Partial<MediaItem> = {}): MediaItem {
  const stream = { id: 'best', quality: 'best', bytes: null, ext: 'mp4', isDefault: true };
  const url = `http://example.com/${id}`;
  return { id, url, site: 'example.com', title: id, type: 'video', streams: [stream], ...rest };
}

const urlOf = (id: string): string => `http://example.com/${id}`;

test('a list is downloaded to its last page, each address once', async () => {
  const { run, added, said } = followList([
    { engine: 'yt-dlp', items: [itemOf('a'), itemOf('b'), itemOf('a')], next: '1' },
    { engine: 'yt-dlp', items: [itemOf('b'), itemOf('c')], next: '2' },
    { engine: 'yt-dlp', items: [itemOf('d')] },
  ]);
  assert.is(await run(), 0);
  assert.equal(added, ['a', 'b', 'c', 'd'].map(urlOf));
  assert.equal(said, []);
});

test('items that are not available are left out, and it says how many, and what cannot be listed', async () => {
  const gone: Partial<MediaItem> = { unavailable: 'login_required', streams: [] };
  const { run, added, said } = followList([
    { engine: 'yt-dlp', items: [itemOf('a'), itemOf('b', gone)], next: '1' },
    { engine: 'yt-dlp', items: [itemOf('c', gone)], truncated: true },
  ]);
  assert.is(await run(), 0);
  assert.equal(added, [urlOf('a')]);
  assert.equal(said, [
    '2 of 3 items are not available: left out.',
    'There are more items, which cannot be listed.',
  ]);
});

test('a list of which nothing is available is refused with the reason', async () => {
  const item = itemOf('a', { unavailable: 'login_required', streams: [] });
  const { run, added, said } = followList([{ engine: 'yt-dlp', items: [item] }]);
  assert.is(await run(), 1);
  assert.equal([added, said], [[], ['login_required']]);
});

test('a list whose later page cannot be had is refused, not taken for what came', async () => {
  const { run, added, said } = followList([{ engine: 'yt-dlp', items: [itemOf('a')], next: '1' }]);
  assert.is(await run(), 1);
  assert.equal([added, said], [[], ['remote_busy']]);
});

test('with a stream, pages are read up to the first item that has it', async () => {
  const other = { id: 'x', quality: 'x', bytes: null, ext: 'mp4', isDefault: true };
  const { run, added } = followList([
    { engine: 'yt-dlp', items: [itemOf('a')], next: '1' },
    { engine: 'yt-dlp', items: [itemOf('b'), itemOf('c', { streams: [other] })], next: '9' },
  ]);
  assert.is(await run({ streamId: 'x' }), 0);
  assert.equal(added, [urlOf('c')]);
});

test.run();
