/** What a look-up has found outlives the server that looked. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { startSite } from '../site/site.ts';
import { makePlace, startServer } from '../support/server.ts';
import { response, startWildOrigin } from '../wild/origin.ts';

test('a listed video that was queued when the server ended has the cookie and Referer of its page', async () => {
  const [site, origin, place] = [await startSite(), await startWildOrigin(), makePlace()];
  const env = { SLUICE_ENGINES: 'http', SLUICE_MAX_ACTIVE_PER_SESSION: '1' };
  const first = await startServer({ place, env });
  let second: typeof first | null = null;
  try {
    origin.serve('/film.mp4', ({ headers }) =>
      headers.get('cookie') === 'key=1' && headers.get('referer') === `${origin.url}/film`
        ? response('Content-Type: video/mp4', 'film')
        : 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n',
    );
    const html = '<title>A film</title><video src=/film.mp4>';
    const page = origin.serve('/film', response('Content-Type: text/html\r\nSet-Cookie: key=1', html));
    const api = await first.session();
    const slow = `${site.url}/file/slow.bin?size=${16 * 1024 * 1024}&seed=5&rate=${64 * 1024}`;
    const before = await api.waitFor(await api.add({ url: slow, engine: 'http' }), 'download');
    const [item] = (await api.parse(page)).items;
    const id = await api.add({ url: item?.url ?? '' });
    assert.is((await api.get(id)).state, 'queued');
    const { length } = origin.requestsFor('/film.mp4');
    await first.kill9();
    second = await startServer({ place, env });
    const again = api.at(second.url);
    assert.is((await again.get(id)).state, 'queued');
    assert.is(origin.requestsFor('/film.mp4').length, length);
    await again.act(before.id, 'cancel');
    const row = await again.waitFor(id, 'complete');
    assert.is(row.file?.name, 'A film.mp4');
    assert.is(readFileSync(join(place.downloadDir, row.file?.name ?? ''), 'utf8'), 'film');
  } finally {
    await first.stop().catch(() => {});
    await second?.stop();
    await origin.close();
    await site.close();
    place.remove();
  }
});

test.run();
