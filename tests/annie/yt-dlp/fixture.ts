/** A yt-dlp engine in the sandbox that this machine can make, the test site, and everything that its jobs report. */
import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine, EngineJob } from '#lib/annie/engine.ts';
import { createProcessHost, type OwnedProcessHost } from '#lib/process/process-host.server.ts';
import { YtDlpEngine, type YtDlpOptions } from '#lib/annie/yt-dlp/engine.ts';
import { createGuard } from '#lib/guard/guard.server.ts';
import { parseAllowPrivate } from '#lib/guard/policy.ts';
import { startProxy } from '#lib/guard/proxy.server.ts';
import type { Sample } from '#lib/protocol/progress.ts';
import { type Site, startSite } from '../../site/site.ts';
import { readers } from '../../support/readers.ts';
import { sandbox } from '../../support/sandbox.ts';
import { toolPath } from '../../support/tools.ts';
import { settles } from '../../support/wait.ts';
import { withDir } from '../../process/machine.ts';
import { readyYtDlp } from './ready.ts';

export const { dataDir, reason } = await readyYtDlp();
export const never = new AbortController().signal;
export const deadline = { deadlineMs: 60_000 };

export interface Received {
  samples: Sample[];
  phases: string[];
  titles: string[];
  output: string;
}

export interface YtDlpFixture {
  host: OwnedProcessHost;
  dir: string;
  site: Site;
  engine: Engine;
  /** Another engine on the same host. */
  make: (more: Partial<YtDlpOptions>) => Engine;
  received: Received;
  job: (url: string, more?: Partial<EngineJob>) => EngineJob;
  /** An empty work dir, as another download would have. */
  clearWork: () => Promise<void>;
  fetch: (url: string, more?: Partial<EngineJob>) => ReturnType<Engine['download']>;
}

export async function withEngine(body: (fixture: YtDlpFixture) => Promise<void>): Promise<void> {
  await withDir(async (dir) => {
    const site = await startSite();
    const host = await createProcessHost({ runDir: join(dir, 'run'), sandbox });
    const guard = createGuard({ allowPrivate: parseAllowPrivate('127.0.0.1,::1') });
    const proxy = await startProxy({ guard });
    const make: YtDlpFixture['make'] = (more) =>
      new YtDlpEngine({
        processes: host,
        readers,
        proxy,
        dataDir: dataDir ?? dir,
        ffmpegPath: toolPath('ffmpeg'),
        nodePath: process.execPath,
        path: process.env['PATH'] ?? '',
        ...more,
      });
    const engine = make({});
    const received: Received = { samples: [], phases: [], titles: [], output: '' };
    const workDir = join(dir, 'work %(title)s');
    await mkdir(workDir);
    const job: YtDlpFixture['job'] = (url, more) => ({
      url,
      streamId: null,
      workDir,
      signal: never,
      onSample: (sample) => received.samples.push(sample),
      onPhase: (phase) => received.phases.push(phase),
      onInfo: ({ title }) => title !== undefined && received.titles.push(title),
      onOutput: (text) => (received.output += text),
      ...more,
    });
    const clearWork: YtDlpFixture['clearWork'] = async () => {
      await rm(workDir, { recursive: true });
      await mkdir(workDir);
    };
    const fetch: YtDlpFixture['fetch'] = (url, more) => settles(engine.download(job(url, more)), deadline);
    try {
      await body({ host, dir, site, engine, make, received, job, clearWork, fetch });
    } finally {
      await host.close();
      await proxy.close();
      await site.close();
    }
  });
}

export const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
