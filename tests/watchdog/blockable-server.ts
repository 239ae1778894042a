/** The built server, with an event loop that a test can block (`blocker.ts`). */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { HangLimits } from '#lib/watchdog/hang-detector.ts';
import type { TerminationHistory } from '#lib/watchdog/termination-history.ts';
import { makePlace, type Place, startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait.ts';
import type { Block } from './blocker.ts';

const BLOCKER = pathToFileURL(join(import.meta.dirname, 'blocker.ts')).href;

export interface StartedBy {
  /** A program that starts the server, with its arguments. */
  under?: readonly string[];
  nodeOptions?: string;
}

export class BlockableServer {
  readonly place: Place;
  readonly #dir: string;

  constructor() {
    this.place = makePlace();
    this.#dir = join(this.place.dir, 'blocker');
    mkdirSync(this.#dir);
  }

  /** @param limits null = the watchdog's own */
  start(limits: HangLimits | null, { under = [], nodeOptions = '' }: StartedBy = {}): Promise<TestServer> {
    rmSync(join(this.#dir, 'blocking'), { force: true });
    const env = {
      NODE_OPTIONS: `--import=${BLOCKER} ${nodeOptions}`,
      BLOCKER_DIR: this.#dir,
      SLUICE_ENGINES: 'http',
      ...(limits === null ? {} : { BLOCKER_LIMITS: JSON.stringify(limits) }),
    };
    return startServer({ place: this.place, env, under });
  }

  /** Dialling the port of this URL blocks the server; null = no longer. */
  blockDialsTo(url: string | null): void {
    const file = join(this.#dir, 'port');
    if (url === null) rmSync(file);
    else writeFileSync(file, new URL(url).port);
  }

  /** Blocks the loop within no job; resolves once it is blocked. */
  async blockNow(block: Block): Promise<void> {
    const file = join(this.#dir, 'now');
    writeFileSync(`${file}.new`, JSON.stringify({ ...block, ms: Math.min(block.ms, 1e9) }));
    renameSync(`${file}.new`, file);
    await this.blocked();
  }

  /** Resolves once the loop is blocked. */
  async blocked(): Promise<void> {
    await waitFor(() => existsSync(join(this.#dir, 'blocking')), { what: 'the loop to be blocked' });
  }

  /** The watchdog's stored history; null = none yet. */
  get history(): TerminationHistory | null {
    const path = join(this.place.dataDir, 'run/watchdog.json');
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as TerminationHistory) : null;
  }

  remove(): void {
    this.place.remove();
  }
}
