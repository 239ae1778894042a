/** The built server as a person runs it: a process of its own, with an empty home and nothing inherited. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Api } from './api.ts';
import { settles, waitFor } from './wait.ts';
import { shareYtDlp } from './yt-dlp.ts';

export const PROJECT = join(import.meta.dirname, '../..');

/** Everything that a server leaves behind, so that another can be started on it. */
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

/** The environment of every process of ours in these tests. `127.0.0.1` is where the media site is. */
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
  /** Given: the server takes over what an earlier one left there, and the caller removes it. */
  place?: Place;
  /** 0 = any free one. */
  port?: number;
  env?: Record<string, string>;
  /** Another checkout, built; this one if not given. */
  project?: string;
  /** A program that starts the server, with its arguments. */
  under?: readonly string[];
  /** Of `sluice serve`. */
  args?: readonly string[];
}

export class TestServer {
  readonly url: string;
  readonly port: number;
  readonly place: Place;
  /** From the spawn to the line that says where it listens, in ms. */
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
    const [program = '', ...args] = [
      ...under,
      process.execPath,
      join(project, 'bin/sluice.js'),
      'serve',
      ...own,
    ];
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

  /** A new session, as a program gets one. */
  async session(): Promise<Api> {
    return Api.create(this.url);
  }

  /** SIGTERM, as a service manager does; the exit code. */
  async stop(): Promise<number | null> {
    const code = await this.#end('SIGTERM');
    if (this.#ownsPlace) this.place.remove();
    return code;
  }

  /** SIGKILL to the server alone: what it started has to notice by itself. */
  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** How it ended, once it has: by itself, or by what somebody else did. */
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
