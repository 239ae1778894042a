/** yt-dlp as an engine: one process for a listing, one for a download, none for a status that is known. */
import { join } from 'node:path';
import { restore } from '../../foreign/carried-error.ts';
import { MAX_INFO_BYTES } from '../../foreign/limits.ts';
import type { Readers } from '../../foreign/port.ts';
import { splitItem } from '../../foreign/yt-dlp/item-url.ts';
import { type ErrorCode, SluiceError } from '../../protocol/error.ts';
import type { EngineStatus } from '../../protocol/media.ts';
import { AwayError } from '../../protocol/unreachable.ts';
import type { Engine, EngineJob } from '../engine.ts';
import type { FetchedFile } from '../../files/fetched-file.ts';
import { WRAPPER_DIR, wrappedPath } from '../ffmpeg/wrapper.server.ts';
import type { ProcessHost } from '../../process/process-host.ts';
import { captureOutput, decodeOutput } from '../../process/capture-output.ts';
import { type JobProxy, withJobProxy } from '../../process/job-proxy.ts';
import { downloadArguments, parseArguments } from './arguments.ts';
import { createClaims } from './claims.ts';
import { runDownload } from './download.ts';
import { environmentOf } from './environment.ts';
import { createInfoCache } from './info-cache.server.ts';
import { type Located, locateYtDlp } from './locate.server.ts';
import { selectorOf } from './selector.ts';
import { compareVersions, isVersion, MIN_VERSION } from './version.ts';

export interface YtDlpOptions {
  processes: ProcessHost;
  /** Read what yt-dlp prints of strangers' pages. */
  readers: Readers;
  /** The guard's filtering proxy; null = yt-dlp dials by itself (then nothing refuses private addresses). */
  proxy: JobProxy | null;
  /** Holds our own copy (`engines/yt-dlp`) and what yt-dlp and we remember (`cache`). Has to exist. */
  dataDir: string;
  /** The real one, which is only started through our wrapper; null = there is none: what needs joining is `ffmpeg_missing`. */
  ffmpegPath: string | null;
  /** A Node ≥ 20 for the players' JavaScript; null = none. */
  nodePath: string | null;
  /** PATH of the server. */
  path: string;
}

const OPEN_OBJECT = 0x7b;
const REMEDY = 'Type: npx sluice engines install yt-dlp';
/** What the page itself would not make better either. */
const FINAL: readonly ErrorCode[] = ['disk_full', 'not_media'];
/** ms for a program to say its version or which extractors take an address. */
const ASK_TIMEOUT_MS = 30_000;

export function createYtDlpEngine(options: YtDlpOptions): Engine {
  const { processes, readers, proxy, dataDir, ffmpegPath, nodePath, path } = options;
  const homeDir = join(dataDir, 'cache', 'yt-dlp');
  const infos = createInfoCache(join(dataDir, 'cache', 'yt-dlp-info'));
  const versions = new Map<string, Promise<string>>();
  const programs = { ffmpegDir: WRAPPER_DIR, nodePath };
  const enginePath = wrappedPath(ffmpegPath, path);
  const claims = createClaims(async (url) => {
    const argv = ['--ignore-config', '--no-plugin-dirs', '--list-extractors', '--', url];
    return ask((await located()).command, argv);
  });

  /** Runs what needs no network. */
  async function ask(command: string[], args: string[]): Promise<string> {
    const { stdout } = await captureOutput(processes, {
      argv: [...command, ...args],
      cwd: dataDir,
      env: environmentOf({ homeDir, path: enginePath, proxyUrl: null }),
      signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
      maxBytes: 1024 * 1024,
    });
    return decodeOutput(stdout);
  }

  function versionOf({ version, fingerprint, command }: Located): Promise<string> {
    if (version !== null) return Promise.resolve(version);
    const known = versions.get(fingerprint);
    if (known) return known;
    const asked = ask(command, ['--ignore-config', '--version']).then((text) => text.trim());
    versions.set(fingerprint, asked);
    asked.catch(() => versions.delete(fingerprint));
    return asked;
  }

  async function status(): Promise<EngineStatus> {
    const found = locateYtDlp(dataDir, path);
    if (found === null) return { engine: 'yt-dlp', state: 'missing', remedy: REMEDY };
    const version = await versionOf(found).catch(() => null);
    if (version === null || !isVersion(version)) {
      const reason = `${found.path} does not say a version.`;
      return { engine: 'yt-dlp', state: 'unusable', version: null, reason, remedy: REMEDY };
    }
    if (compareVersions(version, MIN_VERSION) < 0) {
      const reason = `yt-dlp ${version} at ${found.path} is older than ${MIN_VERSION}.`;
      return { engine: 'yt-dlp', state: 'unusable', version, reason, remedy: REMEDY };
    }
    return { engine: 'yt-dlp', state: 'ready', version, path: found.path };
  }

  /** @throws SluiceError `engine_missing`, `engine_version`, each with what to type */
  async function located(): Promise<Located> {
    const now = await status();
    const found = locateYtDlp(dataDir, path);
    if (now.state === 'missing' || found === null) {
      throw new SluiceError('engine_missing', `yt-dlp is not installed. ${REMEDY}`);
    }
    if (now.state === 'unusable') throw new SluiceError('engine_version', `${now.reason} ${now.remedy}`);
    return found;
  }

  async function download(job: EngineJob): Promise<FetchedFile> {
    const { command } = await located();
    const selector = selectorOf(job.streamId, ffmpegPath !== null);
    const { url, number } = splitItem(job.url);
    const attempt = (infoFile: string | null): Promise<FetchedFile> =>
      withJobProxy(proxy, 'yt-dlp', url, (proxyUrl) =>
        runDownload({
          job,
          processes,
          readers,
          env: environmentOf({ homeDir, path: enginePath, proxyUrl }),
          argv: (nonce) => [
            ...command,
            ...downloadArguments({
              ...programs,
              from: infoFile === null ? { url } : { infoFile },
              item: number,
              selector,
              nonce,
            }),
          ],
        }),
      );
    const infoFile = await infos.fileFor(job.url);
    if (infoFile === null) return await needsFfmpeg(attempt(null), job);
    try {
      return await attempt(infoFile);
    } catch (thrown) {
      job.signal.throwIfAborted();
      if (thrown instanceof AwayError) throw thrown;
      // Whatever it was may be the age of what we knew: once more from the page itself.
      await infos.drop(job.url);
      if (!(thrown instanceof SluiceError) || FINAL.includes(thrown.code)) throw thrown;
      return await needsFfmpeg(attempt(null), job);
    }
  }

  /** Without ffmpeg we asked for what needs no joining: that there is no such thing is about ffmpeg. */
  async function needsFfmpeg(result: Promise<FetchedFile>, job: EngineJob): Promise<FetchedFile> {
    try {
      return await result;
    } catch (thrown) {
      const isWish = job.streamId === null || job.streamId.startsWith('best/');
      if (ffmpegPath !== null || !isWish) throw thrown;
      if (thrown instanceof SluiceError && thrown.code === 'stream_not_found') {
        throw new SluiceError('ffmpeg_missing', undefined, { cause: thrown });
      }
      throw thrown;
    }
  }

  return {
    name: 'yt-dlp',
    status,
    async claim(url, kind) {
      if (kind.kind === 'manifest') return kind.format === 'dash' ? 'site' : 'generic';
      if (kind.kind === 'file') return 'generic';
      return await claims.of(url);
    },
    async parse({ url: address, signal }) {
      const { command } = await located();
      const { url } = splitItem(address);
      const stdout = await withJobProxy(proxy, 'yt-dlp', url, async (proxyUrl) => {
        const answer = await captureOutput(processes, {
          argv: [...command, ...parseArguments(url, programs)],
          cwd: dataDir,
          env: environmentOf({ homeDir, path: enginePath, proxyUrl }),
          signal,
          maxBytes: MAX_INFO_BYTES,
        });
        // A playlist is listed although some of its entries could not be.
        if (answer.stdout[0]?.[0] === OPEN_OBJECT) return answer.stdout;
        const { exitCode, signal: killedBy } = answer.exit;
        const lines = answer.stderr.split('\n').filter((line) => /^ERROR: |: error: /.test(line));
        throw restore(await readers.read('yt-dlp-failure', { lines, exitCode, signal: killedBy }, signal));
      });
      const listing = { chunks: stdout, url, canJoin: ffmpegPath !== null };
      const { items, truncated } = await readers.read('yt-dlp-listing', listing, signal);
      await Promise.all(items.map(async ({ item, info }) => info && (await infos.put(item.url, info))));
      return {
        engine: 'yt-dlp',
        items: items.map(({ item }) => item),
        ...(truncated ? { truncated } : {}),
      };
    },
    download,
  };
}
