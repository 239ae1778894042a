/** An engine of the operator's own: any program that speaks the few lines of docs/engines.md. */
import { MAX_LISTING_BYTES, MAX_NAME_CHARS } from '../../foreign/limits.ts';
import type { Readers } from '../../foreign/port.ts';
import { deserializeError } from '../../foreign/serialized-error.ts';
import type { FetchedFile } from '../../files/fetched-file.ts';
import { runWhileSyncing } from '../../files/growing-files.server.ts';
import { captureOutput } from '../../process/capture-output.ts';
import type { EngineCommand, Outlet, ProcessHost } from '../../process/process-host.ts';
import { type RunProxy, withRunProxy } from '../../process/run-proxy.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { EngineStatus, ParseResult, ProgramName } from '../../protocol/media.ts';
import type { UrlSupport, Engine, EngineJob, ParseRequest, UrlKind } from '../engine.ts';
import { ffmpegPaths, wrappedPath } from '../ffmpeg/wrapper.server.ts';
import { createMeter } from '../http/meter.ts';
import { runProgram } from '../run-program.ts';
import { type ProgramLocation, locateProgram, type FoundProgram } from './locate.server.ts';
import { isSiteOf, PROTOCOL } from './manifest.ts';
import { type ProgressLine, RunLines } from './run-lines.ts';
import { dropUnsynced, growingFilesOf, removeMedia, requireFile } from './work-files.server.ts';

export interface ProgramOptions {
  name: ProgramName;
  processes: ProcessHost;
  /** For its output, which quotes untrusted pages. */
  readers: Readers;
  /** The guard's filtering proxy; null = it dials by itself (then nothing refuses private addresses). */
  proxy: RunProxy | null;
  /** Holds `engines/NAME`. */
  dataDir: string;
  /** The real one, which only our wrapper starts; null = there is none. */
  ffmpegPath: string | null;
  /** PATH of the server. */
  path: string;
}

const REMEDY = 'See docs/engines.md.';

/** What it gets on its stdin, in one line. */
type Call =
  { call: 'list'; url: string } | { call: 'download'; url: string; stream: string | null; workDir: string };

export class ProgramEngine implements Engine {
  readonly name: ProgramName;
  readonly #options: ProgramOptions;
  readonly #environment: Record<string, string>;
  readonly #reads: readonly string[];
  /** As of the last status, which the registry asks for before every call of `supports`. */
  #location: ProgramLocation | null = null;

  constructor(options: ProgramOptions) {
    this.name = options.name;
    this.#options = options;
    const { ffmpegPath, path } = options;
    this.#environment = { PATH: wrappedPath(ffmpegPath, path), LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' };
    this.#reads = ffmpegPaths(ffmpegPath);
  }

  status(): Promise<EngineStatus> {
    const { name: engine } = this;
    const found = (this.#location = locateProgram(this.#options.dataDir, engine));
    if (found.state === 'missing') return Promise.resolve({ engine, state: 'missing', remedy: REMEDY });
    if (found.state === 'unusable') {
      const { reason } = found;
      return Promise.resolve({ engine, state: 'unusable', version: null, reason, remedy: REMEDY });
    }
    const { manifest, path } = found;
    return Promise.resolve({ engine, state: 'ready', version: manifest.version, path });
  }

  supports(url: URL, kind: UrlKind): Promise<UrlSupport> {
    const found = (this.#location ??= locateProgram(this.#options.dataDir, this.name));
    const isOurs = found.state === 'found' && isSiteOf(found.manifest.sites, url.hostname);
    return Promise.resolve(isOurs && kind.kind !== 'manifest' ? 'site' : 'no');
  }

  async parse({ url, signal }: ParseRequest): Promise<ParseResult> {
    signal.throwIfAborted();
    const { processes, readers, proxy } = this.#options;
    const program = this.#requireProgram();
    return withRunProxy(proxy, 'program', url, async (outlet) => {
      const command = { ...this.#command(program, { call: 'list', url }), cwd: null, outlet, signal };
      const printed = await captureOutput(processes, { ...command, maxBytes: MAX_LISTING_BYTES });
      const { stdout: chunks, stderr, exit } = printed;
      const { exitCode, signal: killedBy } = exit;
      const answer = { engine: this.name, chunks, stderr, exitCode, signal: killedBy };
      const { items, truncated } = await readers.read('program-listing', answer, signal);
      return { engine: this.name, items, ...(truncated ? { truncated } : {}) };
    });
  }

  async download(job: EngineJob): Promise<FetchedFile> {
    job.signal.throwIfAborted();
    const program = this.#requireProgram();
    await dropUnsynced(job.workDir);
    return withRunProxy(this.#options.proxy, 'program', job.url, (outlet) =>
      runWhileSyncing(growingFilesOf(job.workDir), () => this.#download(program, job, outlet)),
    );
  }

  async #download(program: FoundProgram, job: EngineJob, outlet: Outlet | null): Promise<FetchedFile> {
    const { processes, readers } = this.#options;
    const { url, streamId: stream, workDir, signal } = job;
    const progress = new Progress(job);
    const lines = new RunLines(this.name, (line) => progress.add(line));
    const base = this.#command(program, { call: 'download', url, stream, workDir });
    const env = { ...base.env, HOME: workDir, TMPDIR: workDir };
    const command = { ...base, env, cwd: workDir, outlet, signal };
    const exit = await runProgram(processes, command, lines.parser, job.onOutput);
    progress.end();
    signal.throwIfAborted();
    if (exit.isRefused) throw new SluiceError('not_media');
    if (lines.error !== null || exit.exitCode !== 0) {
      const { exitCode, signal: killedBy } = exit;
      const end = { line: lines.error, stderr: lines.stderr, exitCode, signal: killedBy };
      throw deserializeError(await readers.read('program-failure', { engine: this.name, ...end }, signal));
    }
    const { path, ext, bytes } = await requireFile(this.name, workDir, lines.file?.name ?? '');
    const expected = progress.expectedBytes;
    if (expected !== null && expected !== bytes) {
      await removeMedia(workDir);
      const what = `${this.name} wrote ${bytes} bytes where ${expected} were announced.`;
      throw new SluiceError('size_mismatch', what);
    }
    const title = job.title ?? (lines.file?.title?.slice(0, MAX_NAME_CHARS).trim() || 'download');
    job.onInfo({ title });
    // Some sites keep the extension in the title.
    const suggestedName = title.toLowerCase().endsWith(ext) ? title : title + ext;
    return { path, suggestedName, bytes };
  }

  #command(program: FoundProgram, call: Call): Pick<EngineCommand, 'argv' | 'env' | 'reads' | 'input'> {
    return {
      argv: [program.command],
      env: this.#environment,
      reads: [...program.reads, ...this.#reads],
      input: `${JSON.stringify({ protocol: PROTOCOL, ...call })}\n`,
    };
  }

  /** @throws SluiceError `engine_missing`, `engine_version`, each with what to do */
  #requireProgram(): FoundProgram {
    const found = locateProgram(this.#options.dataDir, this.name);
    if (found.state === 'missing')
      throw new SluiceError('engine_missing', `${this.name} is not installed. ${REMEDY}`);
    if (found.state === 'unusable') throw new SluiceError('engine_version', `${found.reason} ${REMEDY}`);
    return found;
  }
}

/** Samples from its progress lines: counts that never fall or pass the total, and the speed, which it does not print. */
class Progress {
  readonly #job: EngineJob;
  #meter: ReturnType<typeof createMeter> | null = null;
  #receivedBytes = 0;
  #totalBytes: number | null = null;
  #isFinishing = false;

  constructor(job: EngineJob) {
    this.#job = job;
  }

  /** Of the file; null = not announced, or it is joined or converted. */
  get expectedBytes(): number | null {
    return this.#isFinishing ? null : this.#totalBytes;
  }

  add({ receivedBytes, totalBytes, phase }: ProgressLine): void {
    const now = performance.now();
    this.#meter ??= createMeter(receivedBytes, now);
    if (phase === 'finish') this.#isFinishing = true;
    this.#job.onPhase(this.#isFinishing ? 'finish' : 'download');
    this.#totalBytes = totalBytes;
    this.#receivedBytes = Math.min(Math.max(this.#receivedBytes, receivedBytes), totalBytes ?? Infinity);
    const sample = this.#meter.update(this.#state, now);
    if (sample !== null) this.#job.onSample(sample);
  }

  /** The last line counts, however soon it came. */
  end(): void {
    if (this.#meter !== null) this.#job.onSample(this.#meter.sample(this.#state, performance.now()));
  }

  get #state(): { receivedBytes: number; totalBytes: number | null } {
    return { receivedBytes: this.#receivedBytes, totalBytes: this.#totalBytes };
  }
}
