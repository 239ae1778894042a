/** The server that is killed and restarted on the same data dir and port, as by a service manager. */
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
  /** The user to run as, who has to own the place. */
  uid?: number;
}

export class Victim {
  readonly url: string;
  readonly #port: number;
  readonly #options: VictimOptions;
  #child: ChildProcess | null = null;
  /** ms from each spawn to the first 200 of /readyz, if it came. */
  readonly readyMs: number[] = [];
  /** Servers that ended by themselves, which none should. */
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

  /** @returns `ready`: resolves with the ms to the first 200, or null if the process ended before */
  start(): { ready: Promise<number | null> } {
    const { place, env, uid, logFile } = this.#options;
    const log = logFile === undefined ? 'ignore' : openSync(logFile, 'a');
    const startedAt = performance.now();
    // not the launcher, which would rebuild when the sources are edited meanwhile
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

  /** Sends SIGKILL to the server alone: its child processes have to notice by themselves. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** Sends SIGTERM, as a service manager does. */
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
