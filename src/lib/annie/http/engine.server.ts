/** The built-in engine: direct files, HLS, and pages that say where their media is. */
import { open } from 'node:fs/promises';
import { MAX_PLAYLIST_BYTES } from '../../foreign/limits.ts';
import type { Readers } from '../../foreign/port.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { EngineStatus, ParseResult } from '../../protocol/media.ts';
import type { Claim, Engine, EngineJob, ParseRequest, UrlKind } from '../engine.ts';
import type { FetchedFile } from '../../files/fetched-file.ts';
import type { Guard } from '../../guard/guard.server.ts';
import type { ProcessHost } from '../../process/process-host.ts';
import { HttpClient } from './client.server.ts';
import { downloadFile, type FileOptions, NotAFile } from './file/download.server.ts';
import { downloadHls, ONLY_STREAM } from './hls/stream.server.ts';
import { listItems, type ListOptions, titleOf } from './items.server.ts';
import { createListedSizes } from './listed-sizes.ts';
import { extensionOf } from './names.ts';
import { findSource } from './page/source-id.ts';
import { type Probe, probe } from './probe.server.ts';

export interface HttpEngineOptions {
  guard: Guard;
  /** For pages and manifests. */
  readers: Readers;
  /** Absolute path of ffmpeg, which joins tracks; null = there is none. */
  ffmpegPath?: string | null;
  /** Starts ffmpeg. */
  processes?: ProcessHost | null;
  /** Connections for one file, where the server allows. */
  maxConnections?: number;
  /** ms without a byte after which a download fails with `engine_stalled`. */
  stallMs?: number;
  /** ms after which a look-up of a page ends with the media found so far. */
  listMs?: number;
  /** fdatasync before a file counts as fetched. Not needed under the runner, which syncs finished files. */
  syncAtEnd?: boolean;
  /** For `status`; Sluice's own version. */
  version?: string;
}

const MAX_CONNECTIONS = 4;
const STALL_MS = 60_000;
const HEAD_TIMEOUT_MS = 30_000;
/** With the last responses up to 30 s later, a look-up ends within the minute that it has. */
const LIST_MS = 25_000;

export class HttpEngine implements Engine {
  readonly name = 'http';
  readonly #client: HttpClient;
  readonly #readers: Readers;
  readonly #file: FileOptions;
  readonly #list: ListOptions;
  readonly #version: string;

  constructor(options: HttpEngineOptions) {
    const { guard, readers, ffmpegPath = null, processes = null, stallMs = STALL_MS } = options;
    const { maxConnections = MAX_CONNECTIONS, syncAtEnd = false, listMs = LIST_MS } = options;
    const headTimeoutMs = Math.min(HEAD_TIMEOUT_MS, stallMs);
    const client = new HttpClient({ guard, stallMs, headTimeoutMs });
    const listed = createListedSizes();
    this.#client = client;
    this.#readers = readers;
    this.#file = { client, guard, maxConnections, stallMs, syncAtEnd, listed };
    this.#list = { client, readers, ffmpegPath, processes, listMs, listed };
    this.#version = options.version ?? '0.1.0';
  }

  status(): Promise<EngineStatus> {
    return Promise.resolve({ engine: 'http', state: 'ready', version: this.#version, path: null });
  }

  claim(_: URL, kind: UrlKind): Promise<Claim> {
    if (kind.kind === 'file' || (kind.kind === 'manifest' && kind.format === 'hls'))
      return Promise.resolve('site');
    return Promise.resolve(kind.kind === 'page' ? 'generic' : 'no');
  }

  /** One request: what is at this address? @throws SluiceError network codes, `address_refused`, `remote_*` */
  async classify(url: string, signal: AbortSignal, onBytes?: () => void): Promise<UrlKind> {
    return (await probe(this.#client, url, signal, 'kind', onBytes)).kind;
  }

  async parse(request: ParseRequest): Promise<ParseResult> {
    return { engine: 'http', ...(await listItems(request, this.#list)) };
  }

  async download(job: EngineJob): Promise<FetchedFile> {
    const { url, streamId, signal } = job;
    job.onPhase('download');
    const isDefault = streamId === null || streamId === ONLY_STREAM;
    if (isDefault && extensionOf(URL.parse(url)?.pathname ?? '') !== 'm3u8') {
      try {
        const result = await downloadFile(job, this.#file);
        if (!(await isManifest(result))) return result;
      } catch (thrown) {
        if (!(thrown instanceof NotAFile)) throw thrown;
      }
    }
    const found = await probe(this.#client, url, signal, 'text', job.onBytes);
    if (found.kind.kind === 'manifest') return this.#downloadHls(job, found, streamId, titleOf(found));
    if (found.kind.kind === 'file') throw new SluiceError('stream_not_found');
    return this.#downloadFromPage(job, found, isDefault ? null : streamId);
  }

  /** Closes all connections. */
  close(): Promise<void> {
    return this.#client.close();
  }

  /** @param sourceId null = the best source of the first player */
  async #downloadFromPage(job: EngineJob, found: Probe, sourceId: string | null): Promise<FetchedFile> {
    const { signal } = job;
    const page = { chunks: found.body ?? [], url: found.url.href };
    const scan = await this.#readers.read('page', page, signal);
    const picked = findSource(scan, sourceId);
    if (!picked) throw new SluiceError(sourceId === null ? 'no_media' : 'stream_not_found');
    const { group, source, variant } = picked;
    const sourceJob = { ...job, url: source.url };
    const title = group.title ?? (scan.groups.length === 1 ? scan.title : null);
    const media = await probe(this.#client, source.url, signal, 'text', job.onBytes);
    if (media.kind.kind === 'manifest')
      return this.#downloadHls(sourceJob, media, variant, title ?? titleOf(media));
    if (media.kind.kind === 'page') throw new SluiceError('no_media');
    const result = await downloadFile(sourceJob, this.#file);
    if (title === null) return result;
    job.onInfo({ title });
    const ext = extensionOf(result.suggestedName);
    return { ...result, suggestedName: ext === '' ? title : `${title}.${ext}` };
  }

  #downloadHls(job: EngineJob, found: Probe, variant: string | null, title: string): Promise<FetchedFile> {
    if (found.kind.kind === 'manifest' && found.kind.format === 'dash')
      throw new SluiceError('unsupported_url');
    return downloadHls(job, found, variant === ONLY_STREAM ? null : variant, title, this.#list);
  }
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
