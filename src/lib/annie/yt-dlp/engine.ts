/** The engine yt-dlp: one process for a listing, one for a download, none for a cached status. */
import { join } from 'node:path';
import { deserializeError } from '../../foreign/serialized-error.ts';
import { MAX_INFO_BYTES } from '../../foreign/limits.ts';
import type { Readers } from '../../foreign/port.ts';
import type { YtDlpListing } from '../../foreign/yt-dlp/listing.ts';
import { splitItem } from '../../foreign/yt-dlp/item-url.ts';
import { type ErrorCode, SluiceError } from '../../protocol/error.ts';
import type { EngineStatus, MediaItem, ParseResult } from '../../protocol/media.ts';
import { AwayError } from '../../protocol/unreachable.ts';
import type { UrlSupport, Engine, EngineJob, ParseRequest, UrlKind } from '../engine.ts';
import type { FetchedFile } from '../../files/fetched-file.ts';
import { ffmpegPaths, WRAPPER_DIR, wrappedPath } from '../ffmpeg/wrapper.server.ts';
import type { ProcessHost } from '../../process/process-host.ts';
import { captureOutput, decodeOutput } from '../../process/capture-output.ts';
import { type RunProxy, withRunProxy } from '../../process/run-proxy.ts';
import { programPaths } from '../../process/sandbox/readable-paths.server.ts';
import { addressFile } from '../address-file.ts';
import type { SignIns } from '../http/client/client-context.ts';
import {
  ADDRESS_OPTION,
  type CommonOptions,
  type DownloadArguments,
  downloadArguments,
  parseArguments,
} from './arguments.ts';
import { type SupportByHost, createSupportByHost } from './url-support.ts';
import { runYtDlp, type YtDlpRun } from './download.ts';
import { environmentOf } from './environment.ts';
import { createInfoCache, type InfoCache } from './info-cache.server.ts';
import { type PendingList, pendingAfter, readCursor, writeCursor } from './list-cursor.ts';
import { isIntact, type YtDlpProgram, locateYtDlp } from './locate.server.ts';
import { selectorOf } from './selector.ts';
import { signInInput } from './sign-in.ts';
import { compareVersions, isVersion, MIN_VERSION } from './version.ts';

export interface YtDlpOptions {
  processes: ProcessHost;
  /** For its output, which quotes untrusted pages. */
  readers: Readers;
  /** The guard's filtering proxy; null = yt-dlp connects directly (then nothing refuses private addresses). */
  proxy: RunProxy | null;
  /** Holds our own copy (`engines/yt-dlp`) and caches (`cache`). Must exist. */
  dataDir: string;
  /** The real one, which only our wrapper starts; null = there is none: what needs joining is `ffmpeg_missing`. */
  ffmpegPath: string | null;
  /** Node ≥ 20 for the JavaScript of players; null = none. */
  nodePath: string | null;
  /** PATH of the server. */
  path: string;
  /** How the list of the current job signs in to sites; absent = it does not. */
  signIns?: () => SignIns | null;
}

const OPEN_OBJECT = 0x7b;
const REMEDY = 'Type: npx sluice engines install yt-dlp';
/** Failures of a download from cached info that opening the page again would not avoid. */
const FINAL_CODES: readonly ErrorCode[] = ['disk_full', 'not_media'];
/** Runs of yt-dlp for one page, while none finds an item. */
const MAX_EMPTY_RUNS = 4;
/** ms for a run without network, as for the version. */
const LOCAL_RUN_TIMEOUT_MS = 30_000;

export class YtDlpEngine implements Engine {
  readonly name = 'yt-dlp';
  readonly #options: YtDlpOptions;
  readonly #infos: InfoCache;
  readonly #support: SupportByHost;
  /** By fingerprint of the program. */
  readonly #versions = new Map<string, Promise<string>>();
  /** By fingerprint: checked once by each server process. In its sandbox an engine cannot write there. */
  readonly #intact = new Map<string, Promise<boolean>>();
  readonly #programs: CommonOptions;
  /** The programs that yt-dlp starts. */
  readonly #reads: readonly string[];
  readonly #environment: Record<string, string>;

  constructor(options: YtDlpOptions) {
    this.#options = options;
    const { ffmpegPath, nodePath, path } = options;
    this.#programs = { ffmpegDir: WRAPPER_DIR, nodePath };
    this.#reads = [...ffmpegPaths(ffmpegPath), ...(nodePath === null ? [] : programPaths(nodePath))];
    this.#environment = environmentOf(wrappedPath(ffmpegPath, path));
    this.#infos = createInfoCache(join(options.dataDir, 'cache', 'yt-dlp-info'));
    this.#support = createSupportByHost(async (url) => {
      const found = await this.#requireProgram();
      const args = ['--ignore-config', '--no-plugin-dirs', '--list-extractors', ADDRESS_OPTION];
      return this.#runLocal(found, args, addressFile(url));
    });
  }

  async status(): Promise<EngineStatus> {
    const found = this.#locate();
    if (found === null) return { engine: 'yt-dlp', state: 'missing', remedy: REMEDY };
    const version = await this.#versionOf(found).catch(() => null);
    if (version === null || !isVersion(version)) {
      const reason = `${found.path} does not say a version.`;
      return { engine: 'yt-dlp', state: 'unusable', version: null, reason, remedy: REMEDY };
    }
    if (!(await this.#isIntact(found))) {
      const reason = `yt-dlp in ${found.path} was changed after it had been installed.`;
      return { engine: 'yt-dlp', state: 'unusable', version, reason, remedy: REMEDY };
    }
    if (compareVersions(version, MIN_VERSION) < 0) {
      const reason = `yt-dlp ${version} at ${found.path} is older than ${MIN_VERSION}.`;
      return { engine: 'yt-dlp', state: 'unusable', version, reason, remedy: REMEDY };
    }
    return { engine: 'yt-dlp', state: 'ready', version, path: found.path };
  }

  async supports(url: URL, kind: UrlKind): Promise<UrlSupport> {
    if (kind.kind === 'manifest') return kind.format === 'dash' ? 'site' : 'generic';
    if (kind.kind === 'file') return 'generic';
    return await this.#support.of(url);
  }

  async parse({ url: address, cursor, signal }: ParseRequest): Promise<ParseResult> {
    const first = { url: splitItem(address).url, from: 1, level: 0 };
    let pending = cursor === undefined ? [first] : readCursor(cursor);
    let truncated = false;
    for (let run = 1; ; run++) {
      const [list, ...rest] = pending as [PendingList, ...PendingList[]];
      const page = await this.#list(list, signal).catch((thrown: unknown) => {
        signal.throwIfAborted();
        // One list among others may be private: it is listed as such.
        if (list.level === 0 || !(thrown instanceof SluiceError) || thrown.transient) throw thrown;
        return unavailableList(list, thrown.code);
      });
      // Other lists see what is kept of a page: not of one that somebody signed in to.
      if (this.#signIn(list.url).input === undefined)
        await Promise.all(
          page.items.map(async ({ item, info }) => info && (await this.#infos.put(item.url, info))),
        );
      pending = pendingAfter(list, page.more, rest);
      truncated ||= page.truncated;
      // A channel that holds nothing but lists has no items of its own.
      if (page.items.length === 0 && pending.length > 0 && run < MAX_EMPTY_RUNS) continue;
      const { next, truncated: isCut } = writeCursor(pending);
      return {
        engine: 'yt-dlp',
        items: page.items.map(({ item }) => item),
        ...(page.title === null || list.level > 0 ? {} : { title: page.title }),
        ...(truncated || isCut ? { truncated: true } : {}),
        ...(next === null ? {} : { next }),
        ...(page.total === null || list.level > 0 ? {} : { total: page.total }),
      };
    }
  }

  async #list({ url, from }: PendingList, signal: AbortSignal): Promise<YtDlpListing> {
    const { processes, readers, proxy, ffmpegPath } = this.#options;
    const { command, reads } = await this.#requireProgram();
    const chunks = await withRunProxy(proxy, 'yt-dlp', url, async (outlet) => {
      const answer = await captureOutput(processes, {
        argv: [...command, ...parseArguments(from, this.#programs)],
        cwd: null,
        files: addressFile(url),
        ...this.#signIn(url),
        ...{ env: this.#environment, reads: [...reads, ...this.#reads], outlet, signal },
        maxBytes: MAX_INFO_BYTES,
      });
      // A playlist is listed even if some of its entries failed.
      if (answer.stdout[0]?.[0] === OPEN_OBJECT) return answer.stdout;
      const { exitCode, signal: killedBy } = answer.exit;
      const lines = answer.stderr.split('\n').filter((line) => /^ERROR: |: error: /.test(line));
      throw deserializeError(
        await readers.read('yt-dlp-failure', { lines, exitCode, signal: killedBy }, signal),
      );
    });
    return await readers.read('yt-dlp-listing', { chunks, url, from, canJoin: ffmpegPath !== null }, signal);
  }

  async download(job: EngineJob): Promise<FetchedFile> {
    const { command, reads, resumes } = await this.#requireProgram();
    const selector = selectorOf(job.streamId, this.#options.ffmpegPath !== null);
    const { url, number } = splitItem(job.url);
    const signIn = this.#signIn(url);
    const run = (from: DownloadArguments['from']): Promise<FetchedFile> =>
      this.#run(job, {
        resumes,
        argv: (nonce) => [
          ...command,
          ...downloadArguments({ ...this.#programs, from, item: number, selector, resumes, nonce }),
        ],
        reads: [...reads, ...this.#reads, ...(from === 'address' ? [] : [from.infoFile])],
        files: from === 'address' ? addressFile(url) : {},
        ...signIn,
      });
    const infoFile = signIn.input === undefined ? await this.#infos.fileFor(job.url) : null;
    if (infoFile === null) return await this.#withFfmpegError(run('address'), job);
    try {
      return await run({ infoFile });
    } catch (thrown) {
      job.signal.throwIfAborted();
      if (thrown instanceof AwayError) throw thrown;
      // The cached info may be outdated: try once more from the page itself.
      await this.#infos.drop(job.url);
      if (!(thrown instanceof SluiceError) || FINAL_CODES.includes(thrown.code)) throw thrown;
      return await this.#withFfmpegError(run('address'), job);
    }
  }

  #signIn(url: string): { input?: string } {
    return signInInput(url, this.#options.signIns?.() ?? null);
  }

  #locate(): YtDlpProgram | null {
    return locateYtDlp(this.#options.dataDir, this.#options.path);
  }

  #run(
    job: EngineJob,
    command: Pick<YtDlpRun, 'resumes' | 'argv' | 'reads' | 'files' | 'input'>,
  ): Promise<FetchedFile> {
    const { processes, readers, proxy } = this.#options;
    return withRunProxy(proxy, 'yt-dlp', splitItem(job.url).url, (outlet) =>
      runYtDlp({ job, processes, readers, env: this.#environment, outlet, ...command }),
    );
  }

  /** For runs that need no network. @returns stdout */
  async #runLocal(
    { command, reads }: YtDlpProgram,
    args: string[],
    files: Record<string, string> = {},
  ): Promise<string> {
    const { stdout } = await captureOutput(this.#options.processes, {
      argv: [...command, ...args],
      cwd: null,
      ...{ env: this.#environment, reads: [...reads, ...this.#reads], files },
      signal: AbortSignal.timeout(LOCAL_RUN_TIMEOUT_MS),
      maxBytes: 1024 * 1024,
    });
    return decodeOutput(stdout);
  }

  #isIntact(found: YtDlpProgram): Promise<boolean> {
    const known = this.#intact.get(found.fingerprint);
    if (known) return known;
    const checking = isIntact(found);
    this.#intact.set(found.fingerprint, checking);
    // It may be repaired, or could not be read for a moment.
    void checking.then((isGood) => isGood || this.#intact.delete(found.fingerprint));
    return checking;
  }

  #versionOf(found: YtDlpProgram): Promise<string> {
    const { version, fingerprint } = found;
    if (version !== null) return Promise.resolve(version);
    const known = this.#versions.get(fingerprint);
    if (known) return known;
    const running = this.#runLocal(found, ['--ignore-config', '--version']).then((text) => text.trim());
    this.#versions.set(fingerprint, running);
    running.catch(() => this.#versions.delete(fingerprint));
    return running;
  }

  /** @throws SluiceError `engine_missing`, `engine_version`, each with what to type */
  async #requireProgram(): Promise<YtDlpProgram> {
    const status = await this.status();
    const found = this.#locate();
    if (status.state === 'missing' || found === null) {
      throw new SluiceError('engine_missing', `yt-dlp is not installed. ${REMEDY}`);
    }
    if (status.state === 'unusable')
      throw new SluiceError('engine_version', `${status.reason} ${status.remedy}`);
    return found;
  }

  /** Without ffmpeg only formats that need no joining are requested: if there is none, ffmpeg is what is missing. */
  async #withFfmpegError(result: Promise<FetchedFile>, job: EngineJob): Promise<FetchedFile> {
    try {
      return await result;
    } catch (thrown) {
      const isPreset = job.streamId === null || job.streamId.startsWith('best/');
      if (this.#options.ffmpegPath !== null || !isPreset) throw thrown;
      if (thrown instanceof SluiceError && thrown.code === 'stream_not_found') {
        throw new SluiceError('ffmpeg_missing', undefined, { cause: thrown });
      }
      throw thrown;
    }
  }
}

function unavailableList({ url }: PendingList, code: ErrorCode): YtDlpListing {
  const { hostname } = new URL(url);
  const item: MediaItem = {
    id: '',
    url,
    site: hostname,
    title: url,
    type: 'video',
    streams: [],
    unavailable: code,
  };
  return { title: null, items: [{ item, info: null }], more: [], total: null, truncated: false };
}
