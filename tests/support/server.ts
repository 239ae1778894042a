/** Runs the built server: a child process with an empty home and a clean environment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isStale } from '../../bin/stamp.js';
import { flagsFor } from '../../bin/v8-flags.js';
import { Api } from './api.ts';
import { settles, waitFor } from './wait.ts';
import { shareYtDlp } from './yt-dlp.ts';

export const PROJECT = join(import.meta.dirname, '../..');

let isBuilt: boolean | null = null;

/**
 * Arguments of Node that run `sluice ARGS`. Where the build is that of the sources, which is looked up once for each test file,
 * they are those of the launcher's last step: its hash of all sources and its second start cost a fifth of the server's start.
 * tests/cli/launcher and tests/edge/launcher run the launcher itself.
 */
export function commandArgs(args: readonly string[]): string[] {
  isBuilt ??= !isStale(PROJECT);
  if (!isBuilt) return [join(PROJECT, 'bin/sluice.js'), ...args];
  return [...flagsFor(args, []), join(PROJECT, 'build/cli.js'), ...args];
}

/** The folders of a server, so that another one can be started on them. */
export interface Place {
  dir: string;
  dataDir: string;
  downloadDir: string;
  home: string;
  remove(): void;
}

export function makePlace(): Place {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
  const place = {
    dir,
    dataDir: join(dir, 'data'),
    downloadDir: join(dir, 'downloads'),
    home: join(dir, 'home'),
    remove: () => {
      rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
  for (const made of [place.dataDir, place.downloadDir, place.home]) mkdirSync(made, { recursive: true });
  shareYtDlp(place.dataDir);
  return place;
}

/** The environment of Sluice processes in tests. `127.0.0.1` is allowed for the media site. */
export function sluiceEnv(place: Place, env: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
    HOME: place.home,
    LANG: 'C.UTF-8',
    TMPDIR: process.env['TMPDIR'] ?? tmpdir(),
    SLUICE_DATA_DIR: place.dataDir,
    SLUICE_DOWNLOAD_DIR: place.downloadDir,
    SLUICE_ALLOW_PRIVATE: '127.0.0.1',
    ...env,
  };
}

export interface StartOptions {
  /** If given, the server uses what an earlier one left there, and the caller removes it. */
  place?: Place;
  /** 0 = any free one. */
  port?: number;
  env?: Record<string, string>;
  /** The root of another built checkout; default: this one. */
  project?: string;
  /** A program, with its arguments, that starts the server. */
  under?: readonly string[];
  /** Of `sluice serve`. */
  args?: readonly string[];
}

export class TestServer {
  readonly url: string;
  readonly port: number;
  readonly place: Place;
  /** From the spawn to the line with its address, in ms. */
  readonly readyMs: number;
  readonly #child: ChildProcess;
  readonly #output: () => string;
  readonly #ownsPlace: boolean;

  private constructor(
    child: ChildProcess,
    url: string,
    place: Place,
    ownsPlace: boolean,
    output: () => string,
    readyMs: number,
  ) {
    this.#child = child;
    this.url = url;
    this.port = Number(new URL(url).port);
    this.place = place;
    this.#ownsPlace = ownsPlace;
    this.#output = output;
    this.readyMs = readyMs;
  }

  static async start(options: StartOptions = {}): Promise<TestServer> {
    const { place, port = 0, env, project = PROJECT, under = [], args: own = [] } = options;
    const home = place ?? makePlace();
    const startedAt = performance.now();
    const serve = ['serve', ...own];
    const command = project === PROJECT ? commandArgs(serve) : [join(project, 'bin/sluice.js'), ...serve];
    const [program = '', ...args] = [...under, process.execPath, ...command];
    const child = spawn(program, args, {
      cwd: home.dir,
      env: sluiceEnv(home, { SLUICE_PORT: String(port), ...env }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    const said = () => /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
    await waitFor(() => said() ?? (child.exitCode !== null || child.signalCode !== null), {
      what: 'the server to say where it listens',
      deadlineMs: 60_000,
    });
    const url = said();
    if (url === undefined) throw new Error(`the server ended with ${child.exitCode}:\n${output}`);
    const readyMs = performance.now() - startedAt;
    return new TestServer(child, url, home, place === undefined, () => output, readyMs);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Everything it printed so far. */
  get log(): string {
    return this.#output();
  }

  /** A new session with a bearer token. */
  async session(): Promise<Api> {
    return Api.create(this.url);
  }

  /** Sends SIGTERM. @returns the exit code */
  async stop(): Promise<number | null> {
    const code = await this.#end('SIGTERM');
    if (this.#ownsPlace) this.place.remove();
    return code;
  }

  /** Sends SIGKILL to the server alone: its child processes have to notice by themselves. */
  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Waits until it has ended by itself or by a signal from elsewhere. */
  async ended(what = 'the server to end'): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null) {
      await settles(new Promise((resolve) => child.once('exit', resolve)), { what });
    }
    return { code: child.exitCode, signal: child.signalCode };
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const ended = this.ended(`the server to end on ${signal}`);
    this.#child.kill(signal);
    return (await ended).code;
  }
}

export function startServer(options?: StartOptions): Promise<TestServer> {
  return TestServer.start(options);
}
