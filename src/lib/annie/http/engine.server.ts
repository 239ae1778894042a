/** The built-in engine: direct files, HLS, and pages that say where their media is. */
import { open } from 'node:fs/promises';
import { MAX_PLAYLIST_BYTES } from '../../foreign/limits.ts';
import type { PageScan } from '../../foreign/page/scan.ts';
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
import { listItems, type ListOptions, PAGE_STREAM, titleOf } from './items.server.ts';
import { createListedSizes } from './listed-sizes.ts';
import { extensionOf } from './names.ts';
import { Cookies } from './cookies.server.ts';
import { loadState } from './file/saved-state.server.ts';
import { FoundMedia, type FoundOn } from './found-media.ts';
import { readFoundNote, writeFoundNote } from './found-note.server.ts';
import { follow, type Lead } from './page/follow.server.ts';
import { findSource } from './page/source-id.ts';
import { asPortal, PageInstead } from './portal.ts';
import { type Probe, probe } from './probe.server.ts';
import type { TypedAddresses } from './typed-addresses.ts';

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
  /** Addresses that may be fetched by http instead of https. */
  typed?: TypedAddresses;
  /** The session of the current job; null = none. What its look-ups find is for its downloads alone. */
  caller?: () => string | null;
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
  readonly #list: Omit<ListOptions, 'cookies' | 'session'>;
  readonly #caller: () => string | null;
  readonly #version: string;

  constructor(options: HttpEngineOptions) {
    const { guard, readers, ffmpegPath = null, processes = null, stallMs = STALL_MS } = options;
    const { maxConnections = MAX_CONNECTIONS, syncAtEnd = false, listMs = LIST_MS } = options;
    const headTimeoutMs = Math.min(HEAD_TIMEOUT_MS, stallMs);
    const { typed = null } = options;
    const client = new HttpClient({ guard, stallMs, headTimeoutMs, typed });
    const listed = createListedSizes();
    this.#client = client;
    this.#readers = readers;
    this.#file = { client, guard, maxConnections, stallMs, syncAtEnd, listed };
    this.#list = { client, readers, ffmpegPath, processes, listMs, listed, found: new FoundMedia() };
    this.#caller = options.caller ?? (() => null);
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
    const isListed = this.#list.found.get(this.#caller(), url, performance.now()) !== null;
    // It may be refused without the cookies or the Referer of its page, which its download brings.
    if (isListed) return { kind: 'file', contentType: null, bytes: null };
    const client = this.#client.with(new Cookies(null));
    return (await probe(client, url, signal, 'kind', onBytes)).kind;
  }

  async parse(request: ParseRequest): Promise<ParseResult> {
    const cookies = new Cookies(null);
    const options = { ...this.#list, client: this.#client.with(cookies), cookies, session: this.#caller() };
    return { engine: 'http', ...(await listItems(request, options)) };
  }

  async download(job: EngineJob): Promise<FetchedFile> {
    try {
      return await this.#download(job);
    } catch (thrown) {
      job.signal.throwIfAborted();
      const meaning = asPortal(thrown, job.url);
      throw meaning === thrown || !(await isBegun(job.workDir, job.url)) ? thrown : meaning;
    }
  }

  async #download(job: EngineJob): Promise<FetchedFile> {
    const { url, streamId, signal, workDir } = job;
    job.onPhase('download');
    const found = await this.#foundOn(job);
    const client = await this.#clientFor(job, found);
    const title = found?.title ?? null;
    if (streamId === PAGE_STREAM) return this.#downloadFile(job, client, { contentType: 'text/html' });
    const isDefault = streamId === null || streamId === ONLY_STREAM;
    if (isDefault && extensionOf(URL.parse(url)?.pathname ?? '') !== 'm3u8') {
      try {
        const result = await this.#downloadFile(job, client);
        if (!(await isManifest(result))) return withTitle(result, title, job);
      } catch (thrown) {
        if (!(thrown instanceof NotAFile)) throw thrown;
      }
    }
    const lead = await follow(url, { client, readers: this.#readers, onBytes: job.onBytes }, signal);
    if (lead.scan !== null && isDefault) await refuseLogin(workDir, url, lead.probe.url);
    if (lead.scan !== null)
      return this.#downloadFromPage(job, lead, lead.scan, isDefault ? null : streamId, client);
    const { probe: media, referer } = lead;
    if (media.kind.kind === 'manifest')
      return this.#downloadHls(job, media, client.from(referer), streamId, title ?? titleOf(media));
    if (!isDefault) throw new SluiceError('stream_not_found');
    const target = { ...job, url: lead.url };
    return withTitle(await this.#downloadMedia(target, media, client.from(referer)), title, job);
  }

  /** Closes all connections. */
  close(): Promise<void> {
    return this.#client.close();
  }

  /** From an earlier attempt, or from a look-up of the session. */
  async #foundOn({ url, workDir }: EngineJob): Promise<FoundOn | null> {
    const noted = await readFoundNote(workDir, url);
    if (noted !== null) return noted;
    const found = this.#list.found.get(this.#caller(), url, performance.now());
    if (found !== null) await writeFoundNote(workDir, url, found);
    return found;
  }

  /** With the cookies of this job: those of earlier attempts, else those that the page sets. */
  async #clientFor({ workDir, signal }: EngineJob, found: FoundOn | null): Promise<HttpClient> {
    const cookies = await Cookies.load(workDir);
    const client = this.#client.with(cookies);
    const page = found === null ? null : URL.parse(found.page);
    if (page === null) return client;
    if (found?.setsCookies === true && cookies.isEmpty) {
      const response = await client.get(page.href, { signal }).catch(() => null);
      response?.discard();
      signal.throwIfAborted();
    }
    return client.from(page);
  }

  #downloadFile(job: EngineJob, client: HttpClient, sniffed?: FileOptions['sniffed']): Promise<FetchedFile> {
    return downloadFile(job, { ...this.#file, client, ...(sniffed ? { sniffed } : {}) });
  }

  /** @throws SluiceError also `login_required`, `no_media` for a page */
  async #downloadMedia(job: EngineJob, media: Probe, client: HttpClient): Promise<FetchedFile> {
    try {
      const { isMislabelled, contentType } = media;
      return await this.#downloadFile(job, client, isMislabelled ? { contentType } : undefined);
    } catch (thrown) {
      if (!(thrown instanceof NotAFile)) throw thrown;
      await refuseLogin(job.workDir, job.url, media.url);
      throw new SluiceError('no_media');
    }
  }

  /** @param sourceId null = the best source of the first player */
  async #downloadFromPage(
    job: EngineJob,
    lead: Lead,
    scan: PageScan,
    sourceId: string | null,
    client: HttpClient,
  ): Promise<FetchedFile> {
    const { signal } = job;
    const page = lead.probe.url;
    if (scan.isFeed && scan.groups.length === 0 && sourceId === null)
      return this.#downloadFile({ ...job, url: lead.url }, client, {
        contentType: lead.probe.contentType === 'application/feed+json' ? null : 'application/rss+xml',
      });
    const picked = findSource(scan, sourceId);
    if (!picked) throw new SluiceError(sourceId === null ? 'no_media' : 'stream_not_found');
    const { group, source, variant } = picked;
    const sourceJob = { ...job, url: source.url };
    const sourceClient = client.from(URL.parse(group.page ?? '') ?? page);
    const title = group.title ?? (scan.groups.length === 1 ? scan.title : null);
    const media = await probe(sourceClient, source.url, signal, 'text', job.onBytes);
    if (media.kind.kind === 'manifest')
      return this.#downloadHls(sourceJob, media, sourceClient, variant, title ?? titleOf(media));
    if (media.kind.kind === 'page') {
      await refuseLogin(job.workDir, source.url, media.url);
      throw new SluiceError('no_media');
    }
    return withTitle(await this.#downloadMedia(sourceJob, media, sourceClient), title, job);
  }

  #downloadHls(
    job: EngineJob,
    found: Probe,
    client: HttpClient,
    variant: string | null,
    title: string,
  ): Promise<FetchedFile> {
    if (found.kind.kind === 'manifest' && found.kind.format === 'dash')
      throw new SluiceError('unsupported_url');
    const options = { ...this.#list, client };
    return downloadHls(job, found, variant === ONLY_STREAM ? null : variant, title, options);
  }
}

/** The file under the title that was listed; null = under its own name. */
function withTitle(file: FetchedFile, title: string | null, job: EngineJob): FetchedFile {
  if (title === null) return file;
  job.onInfo({ title });
  const ext = extensionOf(file.suggestedName);
  return { ...file, suggestedName: ext === '' ? title : `${title}.${ext}` };
}

/** @throws SluiceError `login_required` if the work dir has bytes of the file in whose place a page came */
async function refuseLogin(workDir: string, url: string, answered: URL): Promise<void> {
  if (await isBegun(workDir, url)) throw new PageInstead(url, answered);
}

/** Bytes of the file are on the disk. */
async function isBegun(workDir: string, url: string): Promise<boolean> {
  const saved = await loadState(workDir, url);
  return saved?.segments.some(([start, , written]) => written > start) === true;
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
