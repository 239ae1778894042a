/** The built-in engine: direct files, HLS, and pages that say where their media is. */
import type { PageScan } from '../../foreign/page/scan.ts';
import type { Readers } from '../../foreign/port.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { EngineStatus, ParseResult } from '../../protocol/media.ts';
import { PAGE_STREAM } from '../../protocol/page-itself.ts';
import type { FoundOn } from '../../protocol/runner.ts';
import type { UrlSupport, Engine, EngineJob, ParseRequest, RequestReports, UrlKind } from '../engine.ts';
import type { FetchedFile } from '../../files/fetched-file.ts';
import type { Guard } from '../../guard/guard.server.ts';
import type { ProcessHost } from '../../process/process-host.ts';
import { Answers } from './memory/answers.server.ts';
import { HttpClient } from './client/client.server.ts';
import { isManifest, withTitle } from './fetched.server.ts';
import { downloadFile, type FileOptions, NotAFile } from './file/download.server.ts';
import { downloadHls, ONLY_STREAM } from './hls/stream.server.ts';
import { listItems, type ItemListOptions, titleOf } from './items.server.ts';
import { ListedSizes } from './memory/listed-sizes.ts';
import { extensionOf } from './head/names.ts';
import { Cookies } from './client/cookies.server.ts';
import { hasBytes, refuseLogin, explainingFailure } from './file/begun.server.ts';
import { hasBodyFile } from './file/saved-state.server.ts';
import { type AnswersJob, FirstAnswers } from './memory/first-answers.server.ts';
import type { SignIns } from './client/client-context.ts';
import { FoundMedia } from './memory/found-media.ts';
import { foundOnOf } from './memory/found-note.server.ts';
import { follow, type FollowedPage, pageAt, referrerOf } from './page/follow.server.ts';
import { findSource } from './page/source-id.ts';
import { type Probe, probe } from './probe.server.ts';
import { refusePage } from './failure/portal.ts';
import { type PageAt, PortalWatch } from './failure/portal-watch.ts';
import type { TypedAddresses } from './memory/typed-addresses.ts';

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
  /** ms until the first byte of a file or page. */
  firstByteMs?: number;
  /** ms for which the answer of a look-up is kept for its download; 0 = it is not. */
  keptMs?: number;
  /** ms after which a look-up of a page ends with the media found so far. */
  listMs?: number;
  /** fdatasync before a file counts as fetched. Not needed under the runner, which syncs finished files. */
  syncAtEnd?: boolean;
  /** Addresses that may be fetched by http instead of https. */
  typed?: TypedAddresses;
  /** Gets what look-ups find; absent = nobody else knows. */
  found?: FoundMedia;
  /** The session of the current job; null = none. What its look-ups find is for its downloads alone. */
  caller?: () => string | null;
  /** How the list of a job signs in to sites; absent = not at all. Called once for each job. */
  signIns?: (session: string) => SignIns;
  /** For `status`; Sluice's own version. */
  version?: string;
}

const MAX_CONNECTIONS = 4;
const STALL_MS = 60_000;
const FIRST_BYTE_MS = 300_000;
/** Of playlists, keys, fragments, and the players of a page: a file is made on the fly, or a page; these are many, or short. */
const HEAD_TIMEOUT_MS = 30_000;
/** With the last responses up to 30 s later, a look-up ends within the minute that it has. */
const LIST_MS = 25_000;

/** For the requests of one job. */
interface Tools {
  client: HttpClient;
  answers: FirstAnswers;
}

export class HttpEngine implements Engine {
  readonly name = 'http';
  readonly #client: HttpClient;
  readonly #answers: Answers;
  readonly #readers: Readers;
  readonly #file: FileOptions;
  readonly #list: Omit<ItemListOptions, 'cookies' | 'session' | 'answers'>;
  readonly #caller: () => string | null;
  readonly #signIns: HttpEngineOptions['signIns'];
  readonly #version: string;
  readonly #portals = new PortalWatch();

  constructor(options: HttpEngineOptions) {
    const { guard, readers, ffmpegPath = null, processes = null, stallMs = STALL_MS } = options;
    const { maxConnections = MAX_CONNECTIONS, syncAtEnd = false, listMs = LIST_MS } = options;
    const headTimeoutMs = Math.min(HEAD_TIMEOUT_MS, stallMs);
    const { typed = null, firstByteMs = FIRST_BYTE_MS, found = new FoundMedia() } = options;
    const answers = new Answers(options.keptMs);
    const release = (host: string): number => answers.release(host);
    const client = new HttpClient({ guard, stallMs, headTimeoutMs, firstByteMs, release, typed });
    const listed = new ListedSizes(() => this.#caller());
    this.#client = client;
    this.#answers = answers;
    this.#readers = readers;
    this.#file = { client, guard, maxConnections, stallMs, syncAtEnd, listed };
    this.#list = { client, readers, ffmpegPath, processes, listMs, listed, found };
    this.#caller = options.caller ?? (() => null);
    this.#signIns = options.signIns;
    this.#version = options.version ?? '0.1.0';
  }

  status(): Promise<EngineStatus> {
    return Promise.resolve({ engine: 'http', state: 'ready', version: this.#version, path: null });
  }

  supports(_: URL, kind: UrlKind): Promise<UrlSupport> {
    if (kind.kind === 'file' || (kind.kind === 'manifest' && kind.format === 'hls'))
      return Promise.resolve('site');
    return Promise.resolve(kind.kind === 'page' ? 'generic' : 'no');
  }

  /** One request: what is at this address? @throws SluiceError network codes, `address_refused`, `remote_*` */
  async classify(url: string, signal: AbortSignal, reports: RequestReports = {}): Promise<UrlKind> {
    const isListed = this.#list.found.get(this.#caller(), url, performance.now()) !== null;
    // It may be refused without the cookies or the Referer of its page, which its download brings.
    if (isListed) return { kind: 'file', contentType: null, bytes: null };
    const { client, answers } = this.#toolsOf(new Cookies(null), reports);
    const request = (): Promise<Probe> => probe(client, url, signal, 'kind', reports.onBytes, answers);
    return (await this.#portals.watch(url, request, null, signal)).kind;
  }

  hasBegun(workDir: string): Promise<boolean> {
    return hasBodyFile(workDir);
  }

  dropSession(session: string): void {
    this.#answers.dropSession(session);
  }

  async parse(request: ParseRequest): Promise<ParseResult> {
    const cookies = new Cookies(null);
    const session = this.#caller();
    const options = { ...this.#list, ...this.#toolsOf(cookies, request), cookies, session };
    return { engine: 'http', ...(await listItems(request, options)) };
  }

  async download(job: EngineJob): Promise<FetchedFile> {
    const cookies = await Cookies.load(job.workDir);
    const { url, signal } = job;
    const work = (): Promise<FetchedFile> => explainingFailure(job, this.#download(job, cookies));
    const client = this.#client.with(cookies);
    try {
      // Another site gets no cookies of this one's.
      const page: PageAt = (asked, until) =>
        pageAt(asked, asked === url ? client : this.#client, this.#readers, until);
      return await this.#portals.watch(url, work, page, signal);
    } finally {
      // The next attempt has them, and nothing is written to the work dir once the job has ended.
      await cookies.detach();
    }
  }

  async #download(job: EngineJob, cookies: Cookies): Promise<FetchedFile> {
    const { url, streamId, signal, workDir } = job;
    job.onPhase('download');
    const found = await foundOnOf(job, () => this.#list.found.get(this.#caller(), url, performance.now()));
    const tools = await this.#toolsFor(job, cookies, found);
    const { client, answers } = tools;
    const title = found?.title ?? null;
    if (streamId === PAGE_STREAM)
      return this.#downloadFile(job, tools, { contentType: 'text/html', isDefault: true });
    const isDefault = streamId === null || streamId === ONLY_STREAM;
    if (isDefault && extensionOf(URL.parse(url)?.pathname ?? '') !== 'm3u8') {
      try {
        const result = await this.#downloadFile(job, tools);
        if (!(await isManifest(result))) return withTitle(result, title, job);
      } catch (thrown) {
        if (!(thrown instanceof NotAFile)) throw thrown;
      }
    }
    const options = { client, readers: this.#readers, onBytes: job.onBytes, answers };
    const lead = await follow(url, options, signal);
    if (lead.scan !== null) await refuseLogin(workDir, url, lead.probe.url);
    if (lead.scan !== null)
      return this.#downloadFromPage(job, lead, lead.scan, isDefault ? null : streamId, tools);
    const { probe: media } = lead;
    const fromPage = client.from(lead.referrer?.page ?? null, lead.referrer?.policy);
    if (media.kind.kind === 'manifest')
      return this.#downloadHls(job, media, fromPage, streamId, title ?? titleOf(media));
    if (!isDefault) throw new SluiceError('stream_not_found');
    const target = { ...job, url: lead.url };
    return withTitle(await this.#downloadMedia(target, media, { ...tools, client: fromPage }), title, job);
  }

  /** Closes all connections. */
  close(): Promise<void> {
    this.#answers.close();
    return this.#client.close();
  }

  /** With the cookies of this job: those of earlier attempts, else those that the page sets. */
  async #toolsFor(job: EngineJob, cookies: Cookies, found: FoundOn | null): Promise<Tools> {
    const { workDir, signal, title, onWaiting } = job;
    const tools = this.#toolsOf(cookies, { onWaiting }, { workDir, wasListed: title !== undefined });
    const { client } = tools;
    const page = found === null ? null : URL.parse(found.page);
    if (page === null) return tools;
    if (found?.setsCookies === true && cookies.isEmpty) {
      const response = await client.get(page.href, { signal }).catch(() => null);
      response?.discard();
      signal.throwIfAborted();
    }
    return { ...tools, client: client.from(page, found?.referrerPolicy) };
  }

  #toolsOf(cookies: Cookies, { onWaiting }: RequestReports, of: Partial<AnswersJob> = {}): Tools {
    const session = this.#caller();
    const job = { session, cookies, onWaiting, ...of };
    const signIns = session === null ? null : (this.#signIns?.(session) ?? null);
    return {
      client: this.#client.with(cookies, { ...(onWaiting ? { onWaiting } : {}), signIns }),
      answers: new FirstAnswers(this.#answers, job),
    };
  }

  /** @param job its address is that of the file, which a page may have named */
  #downloadFile(job: EngineJob, tools: Tools, sniffed?: FileOptions['sniffed']): Promise<FetchedFile> {
    return explainingFailure(
      job,
      downloadFile(job, { ...this.#file, ...tools, ...(sniffed ? { sniffed } : {}) }),
    );
  }

  /** @throws SluiceError also `login_required`, `no_media` for a page */
  async #downloadMedia(job: EngineJob, media: Probe, tools: Tools): Promise<FetchedFile> {
    try {
      const { isMislabelled, contentType } = media;
      return await this.#downloadFile(job, tools, isMislabelled ? { contentType } : undefined);
    } catch (thrown) {
      if (!(thrown instanceof NotAFile)) throw thrown;
      await refuseLogin(job.workDir, job.url, media.url);
      throw new SluiceError('no_media');
    }
  }

  /** @param sourceId null = the best source of the first player */
  async #downloadFromPage(
    job: EngineJob,
    lead: FollowedPage,
    scan: PageScan,
    sourceId: string | null,
    tools: Tools,
  ): Promise<FetchedFile> {
    const { signal } = job;
    if (scan.isFeed && scan.groups.length === 0 && sourceId === null)
      return this.#downloadFile({ ...job, url: lead.url }, tools, {
        contentType: lead.probe.contentType === 'application/feed+json' ? null : 'application/rss+xml',
      });
    const picked = findSource(scan, sourceId);
    if (!picked) {
      // Its media was there.
      if (await hasBytes(job.workDir)) refusePage(job.url, lead.probe.url);
      throw new SluiceError(sourceId === null ? 'no_media' : 'stream_not_found');
    }
    const { group, source, variant } = picked;
    const sourceJob = { ...job, url: source.url };
    const from = referrerOf(group, lead);
    const sourceClient = tools.client.from(from.page, from.policy);
    const title = group.title ?? (scan.groups.length === 1 ? scan.title : null);
    const { answers } = tools;
    const media = await probe(sourceClient, source.url, signal, 'text', job.onBytes, answers);
    if (media.kind.kind === 'manifest')
      return this.#downloadHls(sourceJob, media, sourceClient, variant, title ?? titleOf(media));
    if (media.kind.kind === 'page') {
      await refuseLogin(job.workDir, source.url, media.url);
      throw new SluiceError('no_media');
    }
    const sourceTools = { answers, client: sourceClient };
    return withTitle(await this.#downloadMedia(sourceJob, media, sourceTools), title, job);
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
    const options = { ...this.#list, client: client.withHeadTimeout() };
    return explainingFailure(
      job,
      downloadHls(job, found, variant === ONLY_STREAM ? null : variant, title, options),
    );
  }
}
