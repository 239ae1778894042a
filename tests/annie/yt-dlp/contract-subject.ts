/** yt-dlp as a subject of the contract. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGuard } from '#lib/guard/guard.server.ts';
import { parseAllowPrivate } from '#lib/guard/policy.ts';
import { startProxy } from '#lib/guard/proxy.server.ts';
import type { Sandbox } from '#lib/process/sandbox/sandbox.ts';
import { createProcessHost } from '#lib/process/process-host.server.ts';
import { YtDlpEngine } from '#lib/annie/yt-dlp/engine.ts';
import { startSite } from '../../site/site.ts';
import { toolPath } from '../../support/tools.ts';
import type { ContractSubject } from '../engine-contract.ts';
import { hashOf } from './fixture.ts';
import { readyYtDlp } from './ready.ts';
import { readers } from '../../support/readers.ts';

const ready = await readyYtDlp();
export const { reason } = ready;

/** @param sandbox null = on the machine as it is, behind the proxy with a password */
export async function openYtDlp(sandbox: Sandbox | null): Promise<ContractSubject> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  const site = await startSite();
  const processes = await createProcessHost({ runDir: join(dir, 'run'), sandbox });
  const allowed = parseAllowPrivate(new URL(site.url).host);
  const proxy = await startProxy({
    guard: createGuard({ allowPrivate: allowed }),
    listens: sandbox?.level !== 'full',
  });
  const media = async (name: string, bytes: number, rate = '') => {
    const url = `${site.url}/file/${name}.mp4?size=${bytes}&seed=${bytes}&type=video/mp4`;
    const body = new Uint8Array(await (await fetch(url)).arrayBuffer());
    return { url: url + rate, bytes, sha256: hashOf(body) };
  };
  return {
    engine: new YtDlpEngine({
      ...{ processes, readers, proxy, dataDir: ready.dataDir ?? dir },
      ...{ ffmpegPath: toolPath('ffmpeg'), nodePath: process.execPath, path: process.env['PATH'] ?? '' },
    }),
    media: await media('one', 700_000),
    slow: await media('slow', 4_000_000, '&rate=1500000'),
    missing: { url: `${site.url}/nowhere`, codes: ['remote_not_found'] },
    // Another port of the same machine, which nobody allowed.
    refused: 'http://127.0.0.1:9/x.mp4',
    async close() {
      await processes.close();
      await proxy.close();
      await site.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
