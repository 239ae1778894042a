/** A visitor who fills the download disk, and the others: the built server on a disk of 40 MB. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { unlessMounts } from '../disk/disks.ts';
import { onDisk } from '../disk/server-on-disk.ts';
import { startSite } from '../site/site.ts';
import { Api } from '../support/api.ts';
import { testUnless } from '../support/skip.ts';

const MB = 1_000_000;

/** A session that a proxy's visitor has begun, with its first download. */
async function stranger(url: string, file: string): Promise<{ api: Api; id: string }> {
  const api = await Api.create(url);
  const response = await fetch(`${url}/api/downloads`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${api.token}`,
      'content-type': 'application/json',
      'x-forwarded-for': '192.0.2.7',
    },
    body: JSON.stringify({ url: file }),
  });
  assert.is(response.status, 202);
  return { api, id: ((await response.json()) as { id: string }).id };
}

testUnless(
  test,
  unlessMounts(),
  'who holds most of a disk leaves its last tenth to others, and goes on when something is removed',
  async () => {
    const site = await startSite();
    const file = (name: string, bytes: number): string => `${site.url}/file/${name}.bin?size=${bytes}&seed=3`;
    try {
      await onDisk({ dir: 'downloadDir', bytes: 40 * MB }, async ({ server, api: own, place }) => {
        const { api, id: first } = await stranger(server.url, file('first', 30 * MB));
        await api.waitFor(first, 'complete');
        const second = await api.add({ url: file('second', 7 * MB) });
        await api.waitFor(second, 'complete');
        // 3 MB are left, of 40: adds are taken, and wait.
        const third = await api.add({ url: file('third', MB) });
        const { error } = await api.waitFor(third, 'waiting');
        assert.is(error?.code, 'disk_share');
        const others = await own.add({ url: file('other', MB) });
        await own.waitFor(others, 'complete');
        await api.expect(204, 'DELETE', `/api/downloads/${second}?file=delete`);
        await api.waitFor(third, 'complete');
        rmSync(join(place.downloadDir, 'third.bin'));
      });
    } finally {
      await site.close();
    }
  },
);

test.run();
