/** A file that is removed while its folder cannot be written: it goes within half a minute after that is in order again. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { startSite } from '../site/site.ts';
import { makePlace, type Place, startServer } from '../support/server.ts';
import { waitFor } from '../support/wait.ts';
import { address, assertComplete, HTTP } from './away.ts';

/**
 * @param prepare called before the server starts. @returns makes the folder one that cannot be written
 * @param isKilled the server is, before the folder is back
 */
export async function removesLater(
  prepare: (place: Place) => { away: () => void; back: () => void; release?: () => void },
  { isKilled = false } = {},
): Promise<void> {
  const site = await startSite();
  const place = makePlace();
  const folder = prepare(place);
  let server = await startServer({ place, env: HTTP });
  try {
    const api = await server.session();
    const id = await api.add({ url: address(site, 'away', 7), engine: 'http' });
    await assertComplete(place, api, id, 7);
    const file = join(place.downloadDir, (await api.get(id)).file?.name ?? '');
    folder.away();
    const { status, body } = await api.call<{ code: string }>('DELETE', `/api/downloads/${id}?file=delete`);
    assert.equal([status, body.code], [503, 'removal_waits']);
    assert.is((await api.call('GET', `/api/downloads/${id}`)).status, 404);
    if (isKilled) await server.kill9();
    folder.back();
    assert.ok(existsSync(file));
    if (isKilled) server = await startServer({ place, env: HTTP });
    await waitFor(() => !existsSync(file), { what: 'the file to go', deadlineMs: 60_000 });
  } finally {
    await server.stop();
    await site.close();
    folder.release?.();
    place.remove();
  }
}
