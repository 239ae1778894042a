/** A process host in a temporary dir. */
import { join } from 'node:path';
import type { EngineCommand, EngineExit } from '#lib/process/process-host.ts';
import { createProcessHost, type OwnedProcessHost } from '#lib/process/process-host.server.ts';
import type { SluiceError } from '#lib/protocol/error.ts';
import { settles } from '../support/wait.ts';
import { withDir } from './machine.ts';

const gracePeriods = { interruptMs: 300, terminateMs: 300 };
export const env = { PATH: process.env['PATH'] ?? '' };
export const never = new AbortController().signal;

/** `run` has defaults for all but argv, and collects the output in `out`. */
export interface HostFixture {
  host: OwnedProcessHost;
  dir: string;
  out: { 1: string; 2: string };
  run: (argv: string[], more?: Partial<EngineCommand>) => Promise<EngineExit>;
}

export async function withHost(body: (fixture: HostFixture) => Promise<void>): Promise<void> {
  await withDir(async (dir) => {
    const host = await createProcessHost({ runDir: join(dir, 'run'), gracePeriods });
    const out = { 1: '', 2: '' };
    const onChunk = (fd: 1 | 2, chunk: Uint8Array): void => {
      out[fd] += Buffer.from(chunk).toString();
    };
    const run: HostFixture['run'] = (argv, more) =>
      settles(host.run({ argv, cwd: dir, env, signal: never, onChunk, ...more }));
    try {
      await body({ host, dir, out, run });
    } finally {
      await settles(host.close());
    }
  });
}

export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (thrown) {
    return (thrown as SluiceError).code;
  }
  return 'no error';
}
