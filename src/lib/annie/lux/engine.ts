/** The engine lux, and annie, as lux was called until 2021. */
import { MAX_LISTING_BYTES } from '../../foreign/limits.ts';
import type { LuxItem, LuxListing, StreamPlan } from '../../foreign/lux/listing.ts';
import type { Readers } from '../../foreign/port.ts';
import { dropOldest } from '../../protocol/drop-oldest.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { EngineName, EngineStatus, ParseResult } from '../../protocol/media.ts';
import type { UrlSupport, Engine, EngineJob, ParseRequest, UrlKind } from '../engine.ts';
import type { FetchedFile } from '../../files/fetched-file.ts';
import { addressFile } from '../address-file.ts';
import { ffmpegPaths, wrappedPath } from '../ffmpeg/wrapper.server.ts';
import type { ProcessHost } from '../../process/process-host.ts';
import {
  type CapturedOutput,
  type CaptureOptions,
  captureOutput,
  decodeOutput,
} from '../../process/capture-output.ts';
import { type RunProxy, withRunProxy } from '../../process/run-proxy.ts';
import { downloadArguments, LIST_ARGUMENTS } from './arguments.ts';
import { runLux } from './download.ts';
import { identify, type LuxVersion, locateLux } from './locate.server.ts';
import { isLuxSite } from './sites.ts';

export interface LuxOptions {
  name: Extract<EngineName, 'lux' | 'annie' | 'stand-in'>;
  processes: ProcessHost;
  /** For its output, which quotes untrusted pages. */
  readers: Readers;
  /** The guard's filtering proxy; null = dial directly. */
  proxy: RunProxy | null;
  /**
   * Whether the guard refuses an address without resolving it: Go never uses a proxy for localhost, so lux must not be
   * given such an address. (Redirects can still lead to one: see docs/adr/011.)
   */
  isRefused: (url: URL) => boolean;
  /** The real one, which only our wrapper starts; null = there is none. */
  ffmpegPath: string | null;
  /** PATH of the server. */
  path: string;
  /** Runs this instead of the program on PATH. */
  command?: string[];
  /** What it has to read beside itself. */
  reads?: string[];
  /** Instead of lux's own table of sites. */
  isSite?: (hostname: string) => boolean;
}

const REMEDY = 'Get it from https://github.com/iawia002/lux and put it on PATH.';
const VERSION_TIMEOUT_MS = 30_000;
/** Limits of the cache of listed items. */
const ITEM_TTL_MS = 10 * 60_000;
const MAX_CACHED_ITEMS = 200;

interface LuxProgram {
  command: string[];
  /** Null for a given command. */
  path: string | null;
  fingerprint: string;
}

export class LuxEngine implements Engine {
  readonly name: LuxOptions['name'];
  readonly #options: LuxOptions;
  /** By fingerprint of the program; null = another program of that name. */
  readonly #identities = new Map<string, Promise<LuxVersion | null>>();
  /** Listed items by address, the newest last. */
  readonly #items = new Map<string, { at: number; listed: LuxItem }>();

  readonly #environment: Record<string, string>;
  readonly #reads: readonly string[];

  constructor(options: LuxOptions) {
    this.name = options.name;
    this.#options = options;
    const { ffmpegPath, path, reads = [] } = options;
    this.#environment = { PATH: wrappedPath(ffmpegPath, path), LANG: 'C.UTF-8' };
    this.#reads = [...ffmpegPaths(ffmpegPath), ...reads];
  }

  async status(): Promise<EngineStatus> {
    const { name } = this;
    const found = this.#locate();
    if (found === null) return { engine: name, state: 'missing', remedy: REMEDY };
    const identity = await this.#identityOf(found);
    if (identity === null) {
      const reason = `${found.path ?? name} is not the video downloader.`;
      return { engine: name, state: 'unusable', version: null, reason, remedy: REMEDY };
    }
    return { engine: name, state: 'ready', version: identity.version, path: found.path };
  }

  supports(url: URL, kind: UrlKind): Promise<UrlSupport> {
    const { isSite = isLuxSite } = this.#options;
    if (kind.kind === 'manifest') return Promise.resolve('no');
    if (isSite(url.hostname)) return Promise.resolve('site');
    // Its universal extractor would save a page's HTML as if it were a video.
    return Promise.resolve(kind.kind === 'file' ? 'generic' : 'no');
  }

  async parse({ url, signal }: ParseRequest): Promise<ParseResult> {
    signal.throwIfAborted();
    const { listed, truncated } = await this.#list(url, signal);
    const items = listed.map(({ item }) => item);
    return { engine: this.name, items, ...(truncated ? { truncated } : {}) };
  }

  async download(job: EngineJob): Promise<FetchedFile> {
    const { processes, readers, proxy, ffmpegPath } = this.#options;
    job.signal.throwIfAborted();
    this.#checkAddress(job.url);
    const { command, identity } = await this.#requireProgram();
    const { item, streams } = await this.#itemAt(job.url, job.signal);
    const plan = planFor(streams, job.streamId, ffmpegPath !== null);
    const { generation } = identity;
    return withRunProxy(proxy, this.name, job.url, (outlet) =>
      runLux({
        ...{ engine: this.name, job, processes, readers, plan, generation, title: item.title },
        argv: [...command, ...downloadArguments(plan, generation)],
        files: addressFile(job.url),
        ...{ env: this.#environment, reads: this.#reads, outlet },
      }),
    );
  }

  #locate(): LuxProgram | null {
    const { command, path } = this.#options;
    if (command) return { command, path: null, fingerprint: '' };
    const found = locateLux(this.name, path);
    return found && { command: [found.path], path: found.path, fingerprint: found.fingerprint };
  }

  #run(command: Pick<CaptureOptions, 'argv' | 'files' | 'outlet' | 'signal'>): Promise<CapturedOutput> {
    const run = { ...command, cwd: null, env: this.#environment, reads: this.#reads };
    return captureOutput(this.#options.processes, { ...run, maxBytes: MAX_LISTING_BYTES });
  }

  /** Runs `-v` once for each program. */
  #identityOf({ command, fingerprint }: LuxProgram): Promise<LuxVersion | null> {
    const known = this.#identities.get(fingerprint);
    if (known) return known;
    const signal = AbortSignal.timeout(VERSION_TIMEOUT_MS);
    const identity = this.#run({ argv: [...command, '-v'], signal }).then(
      ({ stdout, stderr }) => identify(decodeOutput(stdout) + stderr),
      () => {
        // The machine may have been too busy: try again next time.
        this.#identities.delete(fingerprint);
        return null;
      },
    );
    this.#identities.set(fingerprint, identity);
    return identity;
  }

  /** @throws SluiceError `engine_missing`, `engine_version`, each with what to do */
  async #requireProgram(): Promise<{ command: string[]; identity: LuxVersion }> {
    const found = this.#locate();
    if (found === null) throw new SluiceError('engine_missing', `${this.name} is not installed. ${REMEDY}`);
    const identity = await this.#identityOf(found);
    if (identity === null)
      throw new SluiceError('engine_version', `That is not the video downloader. ${REMEDY}`);
    return { command: found.command, identity };
  }

  #checkAddress(address: string): void {
    const url = URL.parse(address);
    if (url === null) throw new SluiceError('invalid_url');
    if (!/^https?:$/.test(url.protocol)) throw new SluiceError('unsupported_scheme');
    if (this.#options.isRefused(url))
      throw new SluiceError('address_refused', `${url.hostname} is a private address.`);
  }

  async #list(url: string, signal: AbortSignal): Promise<LuxListing> {
    const { readers, proxy } = this.#options;
    this.#checkAddress(url);
    const { command } = await this.#requireProgram();
    return withRunProxy(proxy, this.name, url, async (outlet) => {
      const argv = [...command, ...LIST_ARGUMENTS];
      const { stdout, exit } = await this.#run({ argv, files: addressFile(url), outlet, signal });
      const { exitCode, signal: killedBy } = exit;
      const answer = { engine: this.name, chunks: stdout, exitCode, signal: killedBy, address: url };
      const listing = await readers.read('lux-listing', answer, signal);
      for (const listed of listing.listed) this.#cache(listed);
      return listing;
    });
  }

  #cache(listed: LuxItem): void {
    const { url } = listed.item;
    this.#items.delete(url);
    this.#items.set(url, { at: performance.now(), listed });
    dropOldest(this.#items, MAX_CACHED_ITEMS);
  }

  /** The item at an address; lists it again unless it is cached. */
  async #itemAt(url: string, signal: AbortSignal): Promise<LuxItem> {
    const cached = this.#items.get(url);
    if (cached && performance.now() - cached.at < ITEM_TTL_MS) return cached.listed;
    const { listed } = await this.#list(url, signal);
    return listed.find(({ item }) => item.url === url) ?? listed[0]!;
  }
}

/** @throws SluiceError `stream_not_found`, `ffmpeg_missing` */
function planFor(streams: StreamPlan[], streamId: string | null, canJoin: boolean): StreamPlan {
  const plan = streamId === null ? streams[0] : streams.find(({ id }) => id === streamId);
  if (!plan) throw new SluiceError('stream_not_found');
  if (plan.needsFfmpeg && !canJoin) throw new SluiceError('ffmpeg_missing');
  return plan;
}
