/** An engine of the operator's own: a shell script in a data folder, run as it is or in a sandbox. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineJob } from '#lib/annie/engine.ts';
import { ProgramEngine, type ProgramOptions } from '#lib/annie/program/engine.ts';
import { createProcessHost } from '#lib/process/process-host.server.ts';
import type { Sandbox } from '#lib/process/sandbox/sandbox.ts';
import { withDir } from '../../process/machine.ts';
import { readers } from '../../support/readers.ts';

export const never = new AbortController().signal;
export const PAGE = 'https://pictures.example/1';
export const NAME = 'program:test-engine';
export const MANIFEST = { protocol: 1, name: 'test-engine', version: '1.2.3', sites: ['pictures.example'] };

export interface ProgramFixture {
  dataDir: string;
  workDir: string;
  /** With this shell script as its program; `$call` is the line that it got. */
  engine: (script: string, more?: Partial<ProgramOptions>, manifest?: object) => Promise<ProgramEngine>;
  job: (more?: Partial<EngineJob>) => EngineJob;
}

export async function withProgram(
  body: (fixture: ProgramFixture) => Promise<void>,
  sandbox: Sandbox | null = null,
): Promise<void> {
  await withDir(async (dir) => {
    const [dataDir, workDir] = [join(dir, 'data'), join(dir, 'work')];
    const processes = await createProcessHost({ runDir: join(dir, 'run'), sandbox });
    await mkdir(join(dataDir, 'engines/test-engine'), { recursive: true });
    await mkdir(workDir);
    const base = { name: NAME, processes, readers, proxy: null, dataDir, ffmpegPath: null } as const;
    try {
      await body({
        ...{ dataDir, workDir },
        async engine(script, more, manifest = MANIFEST) {
          const folder = join(dataDir, 'engines/test-engine');
          await writeFile(join(folder, 'engine.json'), JSON.stringify(manifest));
          await writeFile(join(folder, 'engine'), `#!/bin/sh\nread -r call\n${script}\n`, { mode: 0o755 });
          return new ProgramEngine({ ...base, path: process.env['PATH'] ?? '', ...more });
        },
        job: (more) => ({
          ...{ url: PAGE, streamId: null, workDir, signal: never },
          ...{ onSample: () => undefined, onPhase: () => undefined },
          ...{ onInfo: () => undefined, onOutput: () => undefined },
          ...more,
        }),
      });
    } finally {
      await processes.close();
    }
  });
}

/** A line of shell that prints this. */
export const say = (line: object): string => `printf '%s\\n' '${JSON.stringify(line)}'`;
