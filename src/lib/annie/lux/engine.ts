/** lux as an engine, and annie, which is what lux was called until 2021. */
import { MAX_LISTING_BYTES } from '../../foreign/limits.ts';
import type { Listed, LuxListing, StreamPlan } from '../../foreign/lux/listing.ts';
import type { Readers } from '../../foreign/port.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { EngineName, EngineStatus, ParseResult } from '../../protocol/media.ts';
import type { Claim, Engine, EngineJob } from '../engine.ts';
import type { FetchedFile } from '../../files/fetched-file.ts';
import { wrappedPath } from '../ffmpeg/wrapper.server.ts';
import type { ProcessHost } from '../../process/process-host.ts';
import { captureOutput, decodeOutput } from '../../process/capture-output.ts';
import { type JobProxy, proxyEnvironment, withJobProxy } from '../../process/job-proxy.ts';
import { downloadArguments, listArguments } from './arguments.ts';
import { runDownload } from './download.ts';
import { identify, type Identity, locateLux } from './locate.server.ts';
import { isLuxSite } from './sites.ts';

export interface LuxOptions {
  name: Extract<EngineName, 'lux' | 'annie' | 'stand-in'>;
  processes: ProcessHost;
  /** Read what it prints of strangers' pages. */
  readers: Readers;
  /** The guard's filtering proxy; null = dial directly. */
  proxy: JobProxy | null;
  /**
   * Whether the guard refuses an address by its looks: Go never asks a proxy for localhost, so such an address must not
   * get as far as lux. (One that a redirect leads to does: see docs/adr/011.)
   */
  isRefused: (url: URL) => boolean;
  /** The real one, which is only started through our wrapper; null = there is none. */
  ffmpegPath: string | null;
  /** PATH of the server. */
  path: string;
  /** A dir that exists, for runs that write nothing. */
  cwd: string;
  /** Runs this instead of what is on PATH: a stand-in. */
  command?: string[];
  /** Instead of lux's own table of sites. */
  isSite?: (hostname: string) => boolean;
}

const REMEDY = 'Get it from https://github.com/iawia002/lux and put it on PATH.';
const ASK_TIMEOUT_MS = 30_000;
/** What a listing found is believed so long, and of so many addresses. */
const PLAN_TTL_MS = 10 * 60_000;
const MAX_PLANS = 200;

export function createLuxEngine(options: LuxOptions): Engine {
  const { name, processes, readers, proxy, isRefused, ffmpegPath, path, isSite = isLuxSite } = options;
  const identities = new Map<string, Promise<Identity | null>>();
  const plans = new Map<string, { at: number; listed: Listed }>();
  const env = (proxyUrl: string | null): Record<string, string> => ({
    PATH: wrappedPath(ffmpegPath, path),
    LANG: 'C.UTF-8',
    ...proxyEnvironment(proxyUrl),
  });

  function locate(): { command: string[]; path: string | null; fingerprint: string } | null {
    if (options.command) return { command: options.command, path: null, fingerprint: '' };
    const found = locateLux(name, path);
    return found && { command: [found.path], path: found.path, fingerprint: found.fingerprint };
  }

  async function answerOf(argv: string[], signal: AbortSignal, proxyUrl: string | null) {
    const { cwd } = options;
    return captureOutput(processes, { argv, cwd, env: env(proxyUrl), signal, maxBytes: MAX_LISTING_BYTES });
  }

  /** Which program it is: asked once for each program. */
  function identityOf(command: string[], fingerprint: string): Promise<Identity | null> {
    const known = identities.get(fingerprint);
    if (known) return known;
    const asked = answerOf([...command, '-v'], AbortSignal.timeout(ASK_TIMEOUT_MS), null).then(
      ({ stdout, stderr }) => identify(decodeOutput(stdout) + stderr),
      () => {
        // A machine too busy to answer today may answer tomorrow.
        identities.delete(fingerprint);
        return null;
      },
    );
    identities.set(fingerprint, asked);
    return asked;
  }

  async function status(): Promise<EngineStatus> {
    const found = locate();
    if (found === null) return { engine: name, state: 'missing', remedy: REMEDY };
    const identity = await identityOf(found.command, found.fingerprint);
    if (identity === null) {
      const reason = `${found.path ?? name} is not the video downloader.`;
      return { engine: name, state: 'unusable', version: null, reason, remedy: REMEDY };
    }
    return { engine: name, state: 'ready', version: identity.version, path: found.path };
  }

  /** @throws SluiceError `engine_missing`, `engine_version`, each with what to do */
  async function ready(): Promise<{ command: string[]; identity: Identity }> {
    const found = locate();
    if (found === null) throw new SluiceError('engine_missing', `${name} is not installed. ${REMEDY}`);
    const identity = await identityOf(found.command, found.fingerprint);
    if (identity === null)
      throw new SluiceError('engine_version', `That is not the video downloader. ${REMEDY}`);
    return { command: found.command, identity };
  }

  function check(address: string): void {
    const url = URL.parse(address);
    if (url === null) throw new SluiceError('invalid_url');
    if (!/^https?:$/.test(url.protocol)) throw new SluiceError('unsupported_scheme');
    if (isRefused(url)) throw new SluiceError('address_refused', `${url.hostname} is a private address.`);
  }

  async function list(url: string, signal: AbortSignal): Promise<LuxListing> {
    check(url);
    const { command } = await ready();
    return withJobProxy(proxy, name, url, async (proxyUrl) => {
      const { stdout, exit } = await answerOf([...command, ...listArguments(url)], signal, proxyUrl);
      const { exitCode, signal: killedBy } = exit;
      const answer = { engine: name, chunks: stdout, exitCode, signal: killedBy, address: url };
      const listing = await readers.read('lux-listing', answer, signal);
      for (const each of listing.listed) remember(each);
      return listing;
    });
  }

  function remember(listed: Listed): void {
    const { url } = listed.item;
    plans.delete(url);
    plans.set(url, { at: performance.now(), listed });
    if (plans.size > MAX_PLANS) plans.delete(plans.keys().next().value as string);
  }

  /** What is at an address of one item; lists it again unless that was minutes ago. */
  async function itemAt(url: string, signal: AbortSignal): Promise<Listed> {
    const known = plans.get(url);
    if (known && performance.now() - known.at < PLAN_TTL_MS) return known.listed;
    const { listed } = await list(url, signal);
    return listed.find(({ item }) => item.url === url) ?? listed[0]!;
  }

  async function download(job: EngineJob): Promise<FetchedFile> {
    job.signal.throwIfAborted();
    check(job.url);
    const { command, identity } = await ready();
    const { item, streams } = await itemAt(job.url, job.signal);
    const plan = planFor(streams, job.streamId, ffmpegPath !== null);
    return withJobProxy(proxy, name, job.url, (proxyUrl) =>
      runDownload({
        engine: name,
        job,
        processes,
        readers,
        argv: [...command, ...downloadArguments(job.url, plan, identity.generation)],
        env: env(proxyUrl),
        plan,
        generation: identity.generation,
        title: item.title,
      }),
    );
  }

  return {
    name,
    status,
    async claim(url, kind): Promise<Claim> {
      if (kind.kind === 'manifest') return 'no';
      if (isSite(url.hostname)) return 'site';
      // Its universal extractor would save a page's HTML as if it were a film.
      return kind.kind === 'file' ? 'generic' : 'no';
    },
    async parse({ url, signal }): Promise<ParseResult> {
      signal.throwIfAborted();
      const { listed, truncated } = await list(url, signal);
      return { engine: name, items: listed.map(({ item }) => item), ...(truncated ? { truncated } : {}) };
    },
    download,
  };
}

/** @throws SluiceError `stream_not_found`, `ffmpeg_missing` */
function planFor(streams: StreamPlan[], streamId: string | null, canJoin: boolean): StreamPlan {
  const plan = streamId === null ? streams[0] : streams.find(({ id }) => id === streamId);
  if (!plan) throw new SluiceError('stream_not_found');
  if (plan.needsFfmpeg && !canJoin) throw new SluiceError('ffmpeg_missing');
  return plan;
}
