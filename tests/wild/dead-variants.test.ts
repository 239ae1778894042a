/** Master playlists of which not all is there: dead variants, and equal ones on other hosts (RFC 8216, section 6.2.4). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { it, LOGIN, openFilms, replaced, ts, whole } from './films.ts';
import { response } from './origin.ts';

const films = await openFilms();
const { origin, film, base, master, assertWhole } = films;
test.after(() => films.close());

const HIGH = 'BANDWIDTH=2000000,RESOLUTION=640x360,CODECS="avc1.42c01e,mp4a.40.2"';
const LOW = 'BANDWIDTH=400000,RESOLUTION=320x180,CODECS="avc1.42c01e,mp4a.40.2"';
const GONE = '/gone/list.m3u8';

async function qualities(url: string): Promise<unknown> {
  const items = await films.list(url);
  return typeof items === 'string' ? items : items.flatMap(({ streams }) => streams.map(({ id }) => id));
}

it('a best variant that is gone is left out, of the list and of a download', async () => {
  const url = master([
    [HIGH, GONE],
    [LOW, film(ts)],
  ]);
  assert.equal(await qualities(url), ['v180-400000']);
  await assertWhole(url);
  assert.is((await films.download(url, { streamId: 'v360-2000000' })).state, 'remote_not_found');
});

it('a master all of whose variants are gone says so', async () => {
  const url = master([
    [HIGH, GONE],
    [LOW, GONE],
  ]);
  assert.is(await qualities(url), 'remote_not_found');
  assert.is((await films.download(url)).state, 'remote_not_found');
});

it('equal variants are one quality, and the second host serves it if the first does not', async () => {
  const url = master([
    [HIGH, GONE],
    [HIGH, film(ts)],
    [LOW, GONE],
  ]);
  assert.equal(await qualities(url), ['v360-2000000', 'v180-400000']);
  for (const streamId of [null, 'v360-2000000', 'v360-2000000-2']) {
    const { state, body } = await films.download(url, { streamId });
    assert.is(state, 'complete');
    assert.ok(body.equals(whole));
  }
});

for (const [what, answer] of [
  ['gone', 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'],
  ['a login page', response('Content-Type: text/html', LOGIN)],
  ['cut in the middle', response('Content-Length: 200000', (ts[3] ?? Buffer.alloc(0)).subarray(0, 90_000))],
] as const) {
  it(`a fragment that is ${what} on the first host is fetched from the second, as are those after it`, async () => {
    const first = film(ts);
    const firstBase = base();
    for (const index of [3, 4, 5]) origin.serve(`${firstBase}/${index}.ts`, answer);
    const second = film(ts);
    const secondBase = base();
    await assertWhole(
      master([
        [HIGH, first],
        [HIGH, second],
      ]),
    );
    assert.ok(origin.requestsFor(`${secondBase}/3.ts`).length > 0);
    assert.is(origin.requestsFor(`${secondBase}/0.ts`).length, 0);
  });
}

it('a backup of other fragments is not mixed in', async () => {
  const url = master([
    [HIGH, film(replaced(LOGIN))],
    [HIGH, film(ts.slice(0, 3))],
  ]);
  assert.is((await films.download(url)).state, 'not_media');
});

test.run();
