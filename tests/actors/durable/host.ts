/** A real embedded host on a fresh directory, with a simulated clock. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { SimulatedClock } from 'xstate';
import {
  createEmbeddedHost,
  define,
  type EmbeddedHost,
  type EmbeddedHostOptions,
} from '../../../src/lib/actors/durable/host.server.ts';
import { Sample } from './sample-object.ts';

export async function freshDir(): Promise<string> {
  return fs.mkdtemp(path.join(os.tmpdir(), 'sluice-durable-'));
}

export interface TestHost {
  host: EmbeddedHost;
  clock: SimulatedClock;
  errors: unknown[];
  file: string;
  /** Stops the host and opens it again, optionally with other options; the clock goes on. */
  reopen(options?: Partial<EmbeddedHostOptions>): Promise<void>;
  close(): Promise<void>;
}

export async function openHost(options: Partial<EmbeddedHostOptions> = {}): Promise<TestHost> {
  const dir = await freshDir();
  const clock = new SimulatedClock();
  const errors: unknown[] = [];
  const file = path.join(dir, 'state.db');
  const open = (more: Partial<EmbeddedHostOptions>): EmbeddedHost =>
    createEmbeddedHost({
      storage: file,
      classes: { sample: define(Sample, { greeting: 'hello', now: () => clock.now() }) },
      clock,
      random: () => 0,
      onError: (error) => errors.push(error),
      ...options,
      ...more,
    });
  const opened: TestHost = {
    host: open({}),
    clock,
    errors,
    file,
    async reopen(more = {}) {
      await opened.host.close();
      opened.host = open(more);
    },
    async close() {
      await opened.host.close();
      await fs.rm(dir, { recursive: true, force: true });
    },
  };
  return opened;
}

/** Lets everything that is ready run: waits for some event-loop turns. */
export async function settle(turns = 10): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
