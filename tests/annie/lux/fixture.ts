/** A lux engine with a shell script in place of lux. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine, EngineJob } from '#lib/annie/engine.ts';
import { LuxEngine, type LuxOptions } from '#lib/annie/lux/engine.ts';
import { createProcessHost } from '#lib/process/process-host.server.ts';
import type { SluiceError } from '#lib/protocol/error.ts';
import { readers } from '../../support/readers.ts';
import { settles } from '../../support/wait.ts';
import { withDir } from '../../process/machine.ts';

export const never = new AbortController().signal;
export const URL_ = 'https://videos.example/1';
/** The part of the script that answers -v. */
export const VERSION =
  'case "$*" in *-v*) echo "lux: version v0.24.1, A fast and simple video downloader."; exit ;; esac';
/** What `lux -j` prints. */
export const listing = (parts: object[], more: object = {}) =>
  JSON.stringify([
    {
      url: URL_,
      site: 'S',
      title: 'T',
      type: 'video',
      streams: { a: { size: 1000, parts, quality: 'q', ...more } },
    },
  ]);

export interface LuxFixture {
  dir: string;
  workDir: string;
  /** Creates an engine with this shell script as lux on its PATH. `$*` are its arguments. */
  lux: (script: string, more?: Partial<LuxOptions>) => Promise<Engine>;
  job: (more?: Partial<EngineJob>) => EngineJob;
}

export async function withLux(body: (fixture: LuxFixture) => Promise<void>): Promise<void> {
  await withDir(async (dir) => {
    const processes = await createProcessHost({ runDir: join(dir, 'run') });
    const [workDir, bin] = [join(dir, 'work'), join(dir, 'bin')];
    await mkdir(workDir);
    await mkdir(bin);
    const lux: LuxFixture['lux'] = async (script, more) => {
      await writeFile(join(bin, 'lux'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      const path = `${bin}:${process.env['PATH']}`;
      const base = { processes, readers, proxy: null, isRefused: () => false, ffmpegPath: null, cwd: dir };
      return new LuxEngine({ name: 'lux', path, ...base, ...more });
    };
    const job: LuxFixture['job'] = (more) => ({
      ...{ url: URL_, streamId: null, workDir, signal: never },
      ...{
        onSample: () => undefined,
        onPhase: () => undefined,
        onInfo: () => undefined,
        onOutput: () => undefined,
      },
      ...more,
    });
    try {
      await body({ dir, workDir, lux, job });
    } finally {
      await processes.close();
    }
  });
}

export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await settles(promise);
  } catch (thrown) {
    return (thrown as SluiceError).code;
  }
  return 'no error';
}
