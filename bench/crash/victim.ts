/** The server that is killed: started again and again on one data dir and one port, as a service manager would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Place, PROJECT, sluiceEnv } from '../../tests/support/server.ts';

const LOOK_MS = 10;

export interface VictimOptions {
  place: Place;
  env: Record<string, string>;
  logFile?: string;
  /** Another user to run as; the place has to be theirs. */
  uid?: number;
}

export class Victim {
  readonly url: string;
  readonly #port: number;
  readonly #options: VictimOptions;
  #child: ChildProcess | null = null;
  /** ms from each spawn to the first 200 of /readyz, of the lives that got so far. */
  readonly readyMs: number[] = [];
  /** Servers that ended by themselves: none should. */
  readonly deaths: string[] = [];

  private constructor(port: number, options: VictimOptions) {
    this.#port = port;
    this.#options = options;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async create(options: VictimOptions): Promise<Victim> {
    return new Victim(await freePort(), options);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves once the process is there; `ready` of the result with the ms to its first 200, or null if it died. */
  start(): { ready: Promise<number | null> } {
    const { place, env, uid, logFile } = this.#options;
    const log = logFile === undefined ? 'ignore' : openSync(logFile, 'a');
    const startedAt = performance.now();
    // not the launcher: it would build again when somebody edits the sources meanwhile
    const child = spawn(process.execPath, [join(PROJECT, 'build/cli.js'), 'serve'], {
      cwd: place.dir,
      env: sluiceEnv(place, { SLUICE_PORT: String(this.#port), ...env }),
      stdio: ['ignore', log, log],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    if (typeof log === 'number') closeSync(log);
    this.#child = child;
    child.once('exit', (code, signal) => {
      if (signal !== 'SIGKILL' && this.#child === child) this.deaths.push(`exit ${code}, signal ${signal}`);
    });
    return { ready: this.#whenReady(child, startedAt) };
  }

  /** SIGKILL to the server alone: what it started has to notice by itself. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** SIGTERM, as a service manager does. @returns its exit code and how long it took in ms */
  async stop(): Promise<{ exitCode: number | null; durationMs: number }> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null)
      return { exitCode: child?.exitCode ?? null, durationMs: 0 };
    const startedAt = performance.now();
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
    return { exitCode: child.exitCode, durationMs: performance.now() - startedAt };
  }

  async #whenReady(child: ChildProcess, startedAt: number): Promise<number | null> {
    while (child.exitCode === null && child.signalCode === null) {
      try {
        const response = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(5_000) });
        await response.body?.cancel();
        if (response.status === 200) {
          const readyMs = performance.now() - startedAt;
          this.readyMs.push(readyMs);
          return readyMs;
        }
      } catch {
        // not yet
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return null;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
