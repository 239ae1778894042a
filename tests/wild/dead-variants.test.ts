/** Master playlists of which not all is there: dead variants, and equal ones on other hosts (RFC 8216, section 6.2.4). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { EngineInfo } from '#lib/annie/engine.ts';
import { HLS, it, LOGIN, openStreamKit, replaced, six, ts, whole } from './stream-kit.ts';
import { response } from './origin.ts';

const streams = await openStreamKit();
const { origin, stream, base, master, assertWhole } = streams;
test.after(() => streams.close());

const HIGH = 'BANDWIDTH=2000000,RESOLUTION=640x360,CODECS="avc1.42c01e,mp4a.40.2"';
const LOW = 'BANDWIDTH=400000,RESOLUTION=320x180,CODECS="avc1.42c01e,mp4a.40.2"';
const GONE = '/gone/list.m3u8';

const textOf = async (url: string): Promise<string> => (await fetch(url)).text();

async function qualities(url: string): Promise<unknown> {
  const items = await streams.list(url);
  return typeof items === 'string' ? items : items.flatMap(({ streams }) => streams.map(({ id }) => id));
}

it('a best variant that is gone is left out, of the list and of a download', async () => {
  const url = master([
    [HIGH, GONE],
    [LOW, stream(ts)],
  ]);
  assert.equal(await qualities(url), ['v180-400000']);
  await assertWhole(url);
  assert.is((await streams.download(url, { streamId: 'v360-2000000' })).state, 'remote_not_found');
});

const RESET = null;
const dead: [string, string][] = [
  ['answers 500', origin.serve('/dead/500.m3u8', 'HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n')],
  ['answers 503', origin.serve('/dead/503.m3u8', 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n')],
  ['is a login page', origin.serve('/dead/login.m3u8', response('Content-Type: text/html', LOGIN))],
  ['is reset', origin.serve('/dead/reset.m3u8', () => RESET)],
  [
    'is cut',
    origin.serve('/dead/cut.m3u8', response(`${HLS}\r\nContent-Length: 500`, '#EXTM3U\n#EXTINF:1,\n')),
  ],
  ['is on a dead port', 'http://127.0.0.1:1/list.m3u8'],
  ['is at a private address', 'http://127.0.0.2/list.m3u8'],
  ['has an address of no scheme that we know', 'rtmp://127.0.0.1/list.m3u8'],
  ['is a live stream', origin.serve('/dead/live.m3u8', response(HLS, '#EXTM3U\n#EXTINF:1,\na.ts'))],
  ['is protected', stream(ts).replace(/[^/]*$/, 'protected.m3u8')],
];
const protectedKey = '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://k",KEYFORMAT="com.apple.streamingkeydelivery"';
origin.serve(
  `${base()}/protected.m3u8`,
  response(HLS, `${six(protectedKey).replaceAll('BASE', base())}\n#EXT-X-ENDLIST`),
);
for (const [what, url] of dead) {
  it(`a best variant that ${what} is left out, of the list and where no quality was chosen`, async () => {
    const list = master([
      [HIGH, url],
      [LOW, stream(ts)],
    ]);
    assert.equal(await qualities(list), ['v180-400000']);
    await assertWhole(list);
    const chosen = await streams.download(list, { streamId: 'v360-2000000' });
    assert.is.not(chosen.state, 'complete');
    const both = master([
      [HIGH, url],
      [HIGH, stream(ts)],
    ]);
    assert.equal(await qualities(both), ['v360-2000000']);
    await assertWhole(both);
  });
}

it('where the best variant is gone, the lower one is said, unless it was chosen', async () => {
  const list = master([
    [HIGH, GONE],
    [LOW, stream(ts)],
  ]);
  for (const streamId of [null, 'v180-400000']) {
    const infos: unknown[] = [];
    const onInfo = ({ lowered }: EngineInfo): void => void (lowered !== undefined && infos.push(lowered));
    assert.is((await streams.download(list, { streamId, onInfo })).state, 'complete');
    assert.equal(infos, streamId === null ? [{ quality: '180p', missing: '360p' }] : []);
  }
});

it('a best variant that fails for a moment is listed', async () => {
  const text = await textOf(stream(ts));
  const flaky = origin.serve('/dead/flaky.m3u8', ({ count }) => (count === 1 ? RESET : response(HLS, text)));
  const list = master([
    [HIGH, flaky],
    [LOW, stream(ts)],
  ]);
  assert.equal(await qualities(list), ['v360-2000000', 'v180-400000']);
});

it('where the fragments of the best variant are gone, a lower one is fetched if no quality was chosen, and it is said', async () => {
  const gone = stream([]).replace('list', 'gone');
  origin.serve(new URL(gone).pathname, response(HLS, `${six().replaceAll('BASE', '/gone')}\n#EXT-X-ENDLIST`));
  const list = master([
    [HIGH, gone],
    [LOW, stream(ts)],
  ]);
  const said: string[] = [];
  const infos: unknown[] = [];
  const { state, body, message } = await streams.download(list, {
    onOutput: (text) => void said.push(text),
    onInfo: ({ lowered }) => void (lowered !== undefined && infos.push(lowered)),
  });
  assert.equal(infos, [null, { quality: '180p', missing: '360p' }]);
  assert.is(state, 'complete', message);
  assert.ok(body.equals(whole));
  assert.match(said.join(''), /^360p cannot be had .*404.* A lower quality is fetched/);
  assert.is((await streams.download(list, { streamId: 'v360-2000000' })).state, 'remote_not_found');
});

it('a quality of which there are bytes is not left for a lower one', async () => {
  const best = stream(ts);
  const last = `${base()}/5.ts`;
  origin.serve(last, 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
  const list = master([
    [HIGH, best],
    [LOW, stream(ts.slice(0, 2))],
  ]);
  const first = await streams.download(list);
  assert.is(first.state, 'remote_not_found');
  const path = new URL(best).pathname;
  const text = await textOf(best);
  origin.serve(path, 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
  assert.is((await streams.download(list, { workDir: first.workDir })).state, 'remote_not_found');
  origin.serve(path, response(HLS, text));
  origin.serve(last, response('X: y', ts[5] ?? ''));
  const { state, body } = await streams.download(list, { workDir: first.workDir });
  assert.is(state, 'complete');
  assert.ok(body.equals(whole));
});

it('a master all of whose variants are gone says so', async () => {
  const url = master([
    [HIGH, GONE],
    [LOW, GONE],
  ]);
  assert.is(await qualities(url), 'remote_not_found');
  assert.is((await streams.download(url)).state, 'remote_not_found');
});

it('equal variants are one quality, and the second host serves it if the first does not', async () => {
  const url = master([
    [HIGH, GONE],
    [HIGH, stream(ts)],
    [LOW, GONE],
  ]);
  assert.equal(await qualities(url), ['v360-2000000', 'v180-400000']);
  for (const streamId of [null, 'v360-2000000', 'v360-2000000-2']) {
    const { state, body } = await streams.download(url, { streamId });
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
    const first = stream(ts);
    const firstBase = base();
    for (const index of [3, 4, 5]) origin.serve(`${firstBase}/${index}.ts`, answer);
    const second = stream(ts);
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
    [HIGH, stream(replaced(LOGIN))],
    [HIGH, stream(ts.slice(0, 3))],
  ]);
  assert.is((await streams.download(url)).state, 'not_media');
});

test.run();
