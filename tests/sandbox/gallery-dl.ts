/** The real gallery-dl as a subject of the contract, in the sandbox. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProgramEngine } from '#lib/annie/program/engine.ts';
import { createGuard } from '#lib/guard/guard.server.ts';
import { parseAllowPrivate } from '#lib/guard/policy.ts';
import { startProxy } from '#lib/guard/proxy.server.ts';
import { createProcessHost } from '#lib/process/process-host.server.ts';
import type { ContractSubject } from '../annie/engine-contract.ts';
import { startSite } from '../site/site.ts';
import { galleryDlMissing, shareGalleryDl } from '../support/gallery-dl.ts';
import { readers } from '../support/readers.ts';
import { sandbox, sandboxMissing } from '../support/sandbox.ts';

export const reason = sandboxMissing ?? (await galleryDlMissing());

export async function openGalleryDl(): Promise<ContractSubject & { site: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  const site = await startSite();
  shareGalleryDl(dir);
  const processes = await createProcessHost({ runDir: join(dir, 'run'), sandbox });
  const allowPrivate = parseAllowPrivate(new URL(site.url).host);
  const proxy = await startProxy({ guard: createGuard({ allowPrivate }), listens: false });
  const media = async (name: string, bytes: number, rate = '') => {
    const url = `${site.url}/file/${name}.jpg?size=${bytes}&seed=${bytes}&type=image/jpeg`;
    const body = new Uint8Array(await (await fetch(url)).arrayBuffer());
    return { url: url + rate, bytes, sha256: createHash('sha256').update(body).digest('hex') };
  };
  const path = process.env['PATH'] ?? '';
  const base = { name: 'program:gallery-dl', dataDir: dir, ffmpegPath: null } as const;
  return {
    site: site.url,
    engine: new ProgramEngine({ ...base, processes, readers, proxy, path }),
    media: await media('one', 700_000),
    slow: await media('slow', 4_000_000, '&rate=1500000'),
    missing: { url: `${site.url}/nowhere`, codes: ['remote_not_found'] },
    // Another port of the same machine, which nobody allowed.
    refused: 'http://127.0.0.1:9/x.jpg',
    async close() {
      await processes.close();
      await proxy.close();
      await site.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
