/** A server that sends some bytes a second: each of them is progress, also while the first ones are only looked at. */
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256Of } from '../site/content.ts';
import { startSite } from '../site/site.ts';
import { sha256File } from '../support/media-hash.ts';
import { startServer } from '../support/server.ts';

const BYTES = 40;

test('a server of 20 bytes a second stalls neither the look at its address nor the download', async () => {
  const site = await startSite();
  // Half of what either takes.
  const server = await startServer({ env: { SLUICE_ENGINES: 'http', SLUICE_STALL_MS: '1000' } });
  try {
    const api = await server.session();
    const url = `${site.url}/file/drip.bin?size=${BYTES}&seed=4&rate=20`;
    const row = await api.waitFor(await api.add({ url }), 'complete');
    assert.is(row.attempt, 1);
    assert.is(await sha256File(join(server.place.downloadDir, row.file?.name ?? '')), sha256Of(4, BYTES));
    assert.is(site.asked.length, 1);
  } finally {
    await server.stop();
    await site.close();
  }
});

test.run();
