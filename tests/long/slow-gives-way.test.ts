/** Dripping files, and those that wait for their slots, in another list and in their own, on the built server. */
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256Of } from '../site/content.ts';
import { startSite } from '../site/site.ts';
import { sha256File } from '../support/media-hash.ts';
import { startServer } from '../support/server.ts';

const SIZE = 400_000;
const DRIP = '/file/drip.bin';

test('a dripping file gives its slot up for one that waits, keeps its bytes and goes on from them', async () => {
  const site = await startSite();
  const server = await startServer({ env: { SLUICE_MAX_ACTIVE: '1' } });
  try {
    const [first, second] = [await server.session(), await server.session()];
    const drip = await first.add({ url: `${site.url}${DRIP}?size=${SIZE}&seed=7&rate=500` });
    const begun = await first.waitUntil(drip, 'its first bytes', ({ receivedBytes }) => receivedBytes > 0);
    const other = await second.add({ url: `${site.url}/file/fast.bin?size=${SIZE}&seed=8&rate=100000` });
    const gone = await first.waitUntil(drip, 'that it gives way', ({ gaveWay }) => gaveWay === true);
    assert.equal([gone.state, gone.attempt, gone.error], ['queued', 1, null]);
    assert.ok(gone.receivedBytes >= begun.receivedBytes + 50 * 500, `${gone.receivedBytes}: not a minute`);
    await second.waitFor(other, 'complete');
    const more = ({ receivedBytes }: typeof gone): boolean => receivedBytes > gone.receivedBytes;
    const again = await first.waitUntil(drip, 'more bytes', more);
    assert.equal([again.state, again.attempt, 'gaveWay' in again], ['download', 1, false]);
    site.unthrottle(DRIP);
    const { file, attempt } = await first.waitFor(drip, 'complete');
    assert.is(attempt, 1);
    assert.is(await sha256File(join(server.place.downloadDir, file?.name ?? '')), sha256Of(7, SIZE));
    const from = site.asked
      .filter(({ url }) => url.startsWith(DRIP))
      .map(({ range }) => Number(range?.slice(6, -1)));
    assert.ok(
      from.some((byte) => byte >= gone.receivedBytes - 65_536 && byte > 0),
      `resumed from ${String(from)}`,
    );
  } finally {
    await server.stop();
    await site.close();
  }
});

test('of one list, three dripping files let each of five others go first, and go on from their bytes', async () => {
  const site = await startSite();
  const server = await startServer();
  try {
    const list = await server.session();
    const drips: string[] = [];
    for (const n of [0, 1, 2]) {
      const id = await list.add({ url: `${site.url}/file/drip${n}.bin?size=${SIZE}&seed=${n}&rate=500` });
      drips.push(id);
      await list.waitUntil(id, 'its first bytes', ({ receivedBytes }) => receivedBytes > 0);
    }
    const others: string[] = [];
    for (const n of [3, 4, 5, 6, 7])
      others.push(await list.add({ url: `${site.url}/file/${n}.bin?size=${SIZE}&seed=${n}` }));
    for (const id of others) await list.waitFor(id, 'complete');
    for (const id of drips) {
      const { attempt } = await list.waitUntil(id, 'that it goes on', ({ state }) => state === 'download');
      assert.is(attempt, 1);
    }
    for (const n of [0, 1, 2]) site.unthrottle(`/file/drip${n}.bin`);
    for (const [n, id] of drips.entries()) {
      const { file, attempt } = await list.waitFor(id, 'complete');
      assert.is(attempt, 1);
      assert.is(await sha256File(join(server.place.downloadDir, file?.name ?? '')), sha256Of(n, SIZE));
    }
  } finally {
    await server.stop();
    await site.close();
  }
});

test.run();
