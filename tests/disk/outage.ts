/** 50 downloads on a disk that is away for a while, as a NAS that is restarted. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { sha256Of } from '../site/content.ts';
import { startSite } from '../site/site.ts';
import { sha256File } from '../support/media-hash.ts';
import { makePlace, startServer } from '../support/server.ts';
import { waitFor } from '../support/wait.ts';
import { removableDisk } from './disks.ts';

const MIB = 1024 * 1024;
const DOWNLOADS = 50;

/** Takes the disk away for so many ms, and expects all to be complete afterwards, with nothing clicked. */
export async function survivesOutage(awayMs: number): Promise<void> {
  const site = await startSite();
  const place = makePlace();
  const disk = removableDisk(place.downloadDir, 128 * MIB);
  const env = { SLUICE_ENGINES: 'http', SLUICE_MAX_ACTIVE_PER_SESSION: '8' };
  const server = await startServer({ place, env });
  try {
    const api = await server.session();
    const ids: string[] = [];
    for (let n = 0; n < DOWNLOADS; n++) {
      const url = `${site.url}/file/nas${n}.bin?size=${MIB}&seed=${100 + n}&rate=${MIB / 4}`;
      ids.push(await api.add({ url, engine: 'http' }));
    }
    const count = async (state: string): Promise<number> =>
      (await api.list('?limit=100')).filter((row) => row.state === state).length;
    await waitFor(async () => (await count('complete')) >= 5, { what: 'the first five', deadlineMs: 60_000 });
    disk.unmount();
    const backAt = performance.now() + awayMs;
    const unfinished = DOWNLOADS - (await count('complete'));
    await waitFor(async () => (await count('waiting')) + (await count('complete')) === DOWNLOADS, {
      what: 'all of them to wait',
    });
    const asked = site.asked.length;
    await waitFor(() => performance.now() > backAt, {
      what: 'the end of the outage',
      deadlineMs: awayMs + 1_000,
    });
    assert.is(await count('error'), 0);
    for (const row of await api.list('?limit=100')) {
      if (row.state !== 'complete') assert.is(row.error?.code, 'disk_missing');
    }
    assert.is(site.asked.length, asked, 'nothing was asked of the network');
    assert.equal(readdirSync(place.downloadDir), []);
    disk.mount();
    for (const n of ids.keys()) site.unthrottle(`/file/nas${n}.bin`);
    const endAt = performance.now();
    for (const id of ids) await api.waitFor(id, 'complete');
    console.log(`${unfinished} complete ${Math.round((performance.now() - endAt) / 1000)} s after the end`);
    for (const [n, id] of ids.entries()) {
      const { file } = await api.get(id);
      assert.is(await sha256File(join(place.downloadDir, file?.name ?? '')), sha256Of(100 + n, MIB));
    }
  } finally {
    await server.stop();
    await site.close();
    disk.release();
    place.remove();
  }
}
