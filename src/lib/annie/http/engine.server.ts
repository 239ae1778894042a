/** The built-in engine: direct files, HLS, and pages that say where their media is. */
import { open } from 'node:fs/promises';
import { MAX_PLAYLIST_BYTES } from '../../foreign/limits.ts';
import type { Readers } from '../../foreign/port.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { Engine, EngineJob, UrlKind } from '../engine.ts';
import type { FetchedFile } from '../../files/fetched-file.ts';
import type { Guard } from '../../guard/dial.server.ts';
import type { ProcessHost } from '../../process/process-host.ts';
import { createHttpClient } from './client.server.ts';
import { downloadFile, NotAFile } from './file/download.server.ts';
import { downloadHls, type HlsOptions, ONLY_STREAM } from './hls/stream.server.ts';
import { listItems, titleOf } from './items.server.ts';
import { createListedSizes } from './listed-sizes.ts';
import { extensionOf } from './names.ts';
import { findSource } from './page/source-id.ts';
import { probe } from './probe.server.ts';

export interface HttpEngineOptions {
  guard: Guard;
  /** Read pages and manifests. */
  readers: Readers;
  /** Absolute path of ffmpeg, for joining; null = there is none. */
  ffmpegPath?: string | null;
  /** Starts ffmpeg. */
  processes?: ProcessHost | null;
  /** Connections for one file, where the server allows. */
  maxConnections?: number;
  /** ms without a byte after which a download fails with `engine_stalled`. */
  stallMs?: number;
  /** ms after which the list of a page's media is ended with what was found. */
  listMs?: number;
  /** fdatasync before a file counts as fetched; the runner syncs finished files off their way. */
  syncAtEnd?: boolean;
  /** What `status` says; Sluice's own version. */
  version?: string;
}

export interface HttpEngine extends Engine {
  /** One request: what is at this address? @throws SluiceError network codes, `address_refused`, `remote_*` */
  classify(url: string, signal: AbortSignal): Promise<UrlKind>;
  /** Ends kept connections. */
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 4;
const STALL_MS = 60_000;
const HEAD_TIMEOUT_MS = 30_000;
/** With the last responses 30 s away at most it ends within the minute that a parse has. */
const LIST_MS = 25_000;

export function createHttpEngine(options: HttpEngineOptions): HttpEngine {
  const {
    guard,
    readers,
    ffmpegPath = null,
    processes = null,
    stallMs = STALL_MS,
    listMs = LIST_MS,
  } = options;
  const { maxConnections = MAX_CONNECTIONS, syncAtEnd = false, version = '0.1.0' } = options;
  const client = createHttpClient({ guard, stallMs, headTimeoutMs: Math.min(HEAD_TIMEOUT_MS, stallMs) });
  const hls: HlsOptions = { client, readers, ffmpegPath, processes };
  const listed = createListedSizes();
  const file = { client, guard, maxConnections, stallMs, syncAtEnd, listed };

  async function download(job: EngineJob): Promise<FetchedFile> {
    const { url, streamId, signal } = job;
    job.onPhase('download');
    const plain = streamId === null || streamId === ONLY_STREAM;
    if (plain && extensionOf(URL.parse(url)?.pathname ?? '') !== 'm3u8') {
      try {
        const result = await downloadFile(job, file);
        if (!(await isManifest(result))) return result;
      } catch (thrown) {
        if (!(thrown instanceof NotAFile)) throw thrown;
      }
    }
    const found = await probe(client, url, signal, 'text');
    if (found.kind.kind === 'manifest') return manifest(job, found, streamId, titleOf(found));
    if (found.kind.kind === 'file') throw new SluiceError('stream_not_found');
    const page = { chunks: found.body ?? [], url: found.url.href };
    const scan = await readers.read('page', page, signal);
    const picked = findSource(scan, plain ? null : streamId);
    if (!picked) throw new SluiceError(plain ? 'no_media' : 'stream_not_found');
    const { group, source, variant } = picked;
    const inner = { ...job, url: source.url };
    const title = group.title ?? (scan.groups.length === 1 ? scan.title : null);
    const media = await probe(client, source.url, signal, 'text');
    if (media.kind.kind === 'manifest') return manifest(inner, media, variant, title ?? titleOf(media));
    if (media.kind.kind === 'page') throw new SluiceError('no_media');
    const result = await downloadFile(inner, file);
    if (title === null) return result;
    job.onInfo({ title });
    const ext = extensionOf(result.suggestedName);
    return { ...result, suggestedName: ext === '' ? title : `${title}.${ext}` };
  }

  function manifest(
    job: EngineJob,
    found: Parameters<typeof downloadHls>[1],
    id: string | null,
    title: string,
  ): Promise<FetchedFile> {
    if (found.kind.kind === 'manifest' && found.kind.format === 'dash')
      throw new SluiceError('unsupported_url');
    return downloadHls(job, found, id === ONLY_STREAM ? null : id, title, hls);
  }

  return {
    name: 'http',
    status: () => Promise.resolve({ engine: 'http', state: 'ready', version, path: null }),
    claim: (_, kind) => {
      if (kind.kind === 'file' || (kind.kind === 'manifest' && kind.format === 'hls'))
        return Promise.resolve('site');
      return Promise.resolve(kind.kind === 'page' ? 'generic' : 'no');
    },
    parse: async (request) => ({ engine: 'http', ...(await listItems(request, { ...hls, listMs, listed })) }),
    download,
    classify: async (url, signal) => (await probe(client, url, signal, 'kind')).kind,
    close: () => client.close(),
  };
}

/** Whether a fetched file is an HLS manifest that its server gave another type. */
async function isManifest({ path, bytes }: FetchedFile): Promise<boolean> {
  if (bytes > MAX_PLAYLIST_BYTES) return false;
  const handle = await open(path, 'r');
  try {
    const { buffer } = await handle.read(Buffer.alloc(10), 0, 10, 0);
    return /^\ufeff?#EXTM3U/.test(buffer.toString('utf8'));
  } finally {
    await handle.close();
  }
}
