/** What the tests of the built-in engine share: a site, a guard that may reach it, fresh work dirs. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineJob } from '#lib/annie/engine.ts';
import { createGuard, type Guard } from '#lib/guard/guard.server.ts';
import { parseAllowPrivate } from '#lib/guard/policy.ts';
import type { Sample } from '#lib/protocol/progress.ts';
import { SluiceError } from '#lib/protocol/error.ts';

export function openGuard(ca?: string): Guard {
  return createGuard({ allowPrivate: parseAllowPrivate('127.0.0.1'), ca });
}

const dirs: string[] = [];

export async function freshDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-http-'));
  dirs.push(dir);
  return dir;
}

export async function removeDirs(): Promise<void> {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true });
}

export interface TestJob extends EngineJob {
  samples: Sample[];
  phases: string[];
  infos: { title?: string; totalBytes?: number | null }[];
}

export function jobFor(url: string, workDir: string, rest: Partial<EngineJob> = {}): TestJob {
  const job: TestJob = {
    ...{ url, workDir, streamId: null, signal: new AbortController().signal },
    ...{ samples: [], phases: [], infos: [] },
    onSample: (sample) => void job.samples.push(sample),
    onPhase: (phase) => void job.phases.push(phase),
    onInfo: (info) => void job.infos.push(info),
    onOutput: () => {},
    ...rest,
  };
  return job;
}

export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** The code of the SluiceError that a promise rejects with; `done` when it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'done';
  } catch (error) {
    return error instanceof SluiceError ? error.code : String(error);
  }
}
