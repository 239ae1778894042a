/** A removal while the disk of the download folder is away or read-only: the file does not stay for ever. */
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Site, startSite } from '../site/site.ts';
import type { Api } from '../support/api.ts';
import { makePlace, type Place, startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';
import { address, assertComplete, HTTP, MIB } from './away.ts';
import { readOnlyMount, removableDisk, unlessMounts } from './disks.ts';

let site: Site;
test.before(async () => {
  site = await startSite();
});
test.after(() => site.close());

/** @returns the path of its file */
async function downloaded(api: Api, place: Place, id: string): Promise<string> {
  await assertComplete(place, api, id, 7);
  return join(place.downloadDir, (await api.get(id)).file?.name ?? '');
}

async function removedLater(api: Api, id: string): Promise<void> {
  const { status, body } = await api.call<{ code: string }>('DELETE', `/api/downloads/${id}?file=delete`);
  assert.equal([status, body.code], [503, 'removal_waits']);
  assert.is((await api.call('GET', `/api/downloads/${id}`)).status, 404);
}

const untilGone = (file: string): Promise<unknown> =>
  waitFor(() => !existsSync(file), { what: 'the file to go', deadlineMs: 60_000 });

test('a file that is removed while its folder is away goes when it is back, also after a kill', async () => {
  const place = makePlace();
  try {
    const server = await startServer({ place, env: HTTP });
    const api = await server.session();
    const file = await downloaded(
      api,
      place,
      await api.add({ url: address(site, 'away', 7), engine: 'http' }),
    );
    const [row] = await api.list();
    renameSync(place.downloadDir, `${place.downloadDir}.away`);
    await removedLater(api, row?.id ?? '');
    await server.kill9();
    renameSync(`${place.downloadDir}.away`, place.downloadDir);
    assert.ok(existsSync(file));
    const again = await startServer({ place, env: HTTP });
    await untilGone(file);
    await again.stop();
  } finally {
    place.remove();
  }
});

testUnless(
  test,
  unlessMounts(),
  'a file that is removed from a read-only disk goes when it can be written again',
  async () => {
    const place = makePlace();
    const server = await startServer({ place, env: HTTP });
    try {
      const api = await server.session();
      const id = await api.add({ url: address(site, 'ro', 7), engine: 'http' });
      const file = await downloaded(api, place, id);
      const release = readOnlyMount(place.downloadDir);
      await removedLater(api, id);
      assert.ok(existsSync(file));
      release();
      await untilGone(file);
    } finally {
      await server.stop();
      place.remove();
    }
  },
);

testUnless(
  test,
  unlessMounts(),
  'a file that is removed while its disk is not mounted goes when that is back',
  async () => {
    const place = makePlace();
    const disk = removableDisk(place.downloadDir, 32 * MIB);
    const server = await startServer({ place, env: HTTP });
    try {
      const api = await server.session();
      const id = await api.add({ url: address(site, 'gone', 7), engine: 'http' });
      const file = await downloaded(api, place, id);
      disk.unmount();
      await removedLater(api, id);
      disk.mount();
      assert.ok(existsSync(file));
      await untilGone(file);
    } finally {
      await server.stop();
      disk.release();
      place.remove();
    }
  },
);

test.run();
