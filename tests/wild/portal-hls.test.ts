/**
 * A login portal's answer in place of a playlist, a key or a fragment: it waits as for a network where media of the stream had
 * come before. What may be the server's own is told as what it is.
 */
import { createCipheriv } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createGuard } from '#lib/guard/guard.server.ts';
import { parseAllowPrivate } from '#lib/guard/policy.ts';
import { freshDir } from '../annie/http/kit.ts';
import { HLS, it, LOGIN, openStreamKit, ts, whole } from './stream-kit.ts';
import { response, startWildOrigin, type WildAnswer } from './origin.ts';

const guard = createGuard({ allowPrivate: parseAllowPrivate('127.0.0.1,127.0.0.2') });
const kit = await openStreamKit({ guard });
const { origin } = kit;
const portal = await startWildOrigin('127.0.0.2');
const TS = 'Content-Type: video/mp2t';
const HTML = 'Content-Type: text/html';

const login = portal.serve('/login', response(HTML, LOGIN));
/** As a portal answers, and as a server may itself. */
const away = response(`HTTP/1.1 302 Found\r\nLocation: ${login}`);
const own = response(HTML, LOGIN);
const GONE = response('HTTP/1.1 404 Not Found');
const required = response('HTTP/1.1 511 Network Authentication Required', 'Log in');

interface Stream {
  url: string;
  /** The address of the fragment that is answered otherwise, of its playlist, or of its key. */
  paths: { fragment: string; playlist: string; key: string };
  workDir: string;
}

const KEY = Buffer.alloc(16, 7);

function encrypted(index: number): Buffer {
  const iv = Buffer.alloc(16);
  iv.writeUInt32BE(index, 12);
  const cipher = createCipheriv('aes-128-cbc', KEY, iv);
  return Buffer.concat([cipher.update(ts[index] ?? ''), cipher.final()]);
}

/** A stream with two keys, of which three fragments have come: the fourth is not there. */
async function begun(): Promise<Stream> {
  kit.stream([]);
  const base = kit.base();
  const paths = { fragment: `${base}/3.ts`, playlist: `${base}/list.m3u8`, key: `${base}/second.key` };
  const lines = ts.map((_, index) => {
    const key = index === 0 ? 'first' : index === 3 ? 'second' : null;
    return `${key === null ? '' : `#EXT-X-KEY:METHOD=AES-128,URI="${key}.key"\n`}#EXTINF:1,\n${index}.ts\n`;
  });
  const url = origin.serve(paths.playlist, response(HLS, `#EXTM3U\n${lines.join('')}#EXT-X-ENDLIST\n`));
  for (const name of ['first', 'second'])
    origin.serve(`${base}/${name}.key`, response('Content-Type: application/octet-stream', KEY));
  for (const index of ts.keys())
    origin.serve(`${base}/${index}.ts`, index < 3 ? response(TS, encrypted(index)) : GONE);
  const workDir = await freshDir();
  const first = await kit.download(url, { workDir, openExtra: () => null });
  assert.is(first.state, 'remote_not_found');
  for (const index of ts.keys()) origin.serve(`${base}/${index}.ts`, response(TS, encrypted(index)));
  return { url, paths, workDir };
}

const served = async (path: string, answer: WildAnswer | Buffer, stream: Stream): Promise<string> => {
  origin.serve(path, answer);
  const { state, message } = await kit.download(stream.url, { workDir: stream.workDir });
  if (state === 'network_login') assert.match(message, /^A login page answered in place of 127\.0\.0\.1:\d+/);
  return state;
};

/** When somebody has logged in it goes on, and nothing that had come is requested again but to be compared. */
async function assertGoesOn(
  { url, workDir, paths }: Stream,
  answer: WildAnswer | Buffer,
  path: string,
): Promise<void> {
  origin.serve(path, answer);
  const before = origin.requestsFor(`${paths.fragment.slice(0, -4)}0.ts`).length;
  const saved = await kit.download(url, { workDir });
  assert.equal([saved.state, saved.body.equals(whole)], ['complete', true]);
  assert.is(origin.requestsFor(`${paths.fragment.slice(0, -4)}0.ts`).length, before);
}

for (const kind of ['fragment', 'key', 'playlist'] as const) {
  const isOwn = { fragment: 'encrypted', key: 'encrypted', playlist: 'login_required' }[kind];
  for (const [what, answer, expected] of [
    ['a redirect to a page of another site', away, 'network_login'],
    ['511', required, 'network_login'],
    ['a page of its own', own, isOwn],
  ] as const) {
    it(`${what} in place of a ${kind} of a stream that had begun is ${expected}, and it goes on later`, async () => {
      const stream = await begun();
      const real: WildAnswer | Buffer =
        {
          fragment: response(TS, encrypted(3)),
          key: response('Content-Type: application/octet-stream', KEY),
          playlist: null,
        }[kind] ?? Buffer.alloc(0);
      const before = kind === 'playlist' ? await playlistOf(stream) : real;
      assert.is(await served(stream.paths[kind], answer, stream), expected);
      await assertGoesOn(stream, before, stream.paths[kind]);
    });
  }
}

async function playlistOf({ url }: Stream): Promise<Buffer> {
  const text = await (await fetch(url)).text();
  return response(HLS, text);
}

it('where a portal answers for each fragment, what has come is not taken for another stream', async () => {
  const stream = await begun();
  const pathOf = (index: number): string => stream.paths.fragment.replace('3.ts', `${index}.ts`);
  for (const index of ts.keys()) origin.serve(pathOf(index), away);
  assert.is((await kit.download(stream.url, { workDir: stream.workDir })).state, 'network_login');
  for (const index of ts.keys()) origin.serve(pathOf(index), response(TS, encrypted(index)));
  await assertGoesOn(stream, response(TS, encrypted(3)), stream.paths.fragment);
});

it('a page of another site in the first fragment, or key, is not taken for a portal', async () => {
  const list = kit.listed(`#EXTM3U\n#EXTINF:1,\n/elsewhere.ts\n#EXT-X-ENDLIST`);
  origin.serve('/elsewhere.ts', away);
  assert.is((await kit.download(list)).state, 'not_media');
  const locked = kit.listed(
    `#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="/away.key"\n#EXTINF:1,\nBASE/0.ts\n#EXT-X-ENDLIST`,
  );
  origin.serve('/away.key', away);
  assert.is((await kit.download(locked)).state, 'encrypted');
});

it('the stream of a page waits too: at its playlist, and where the page itself is away', async () => {
  const stream = await begun();
  const list = await playlistOf(stream);
  const html = response(HTML, `<title>A stream</title><video src=${stream.url}></video>`);
  const page = origin.serve('/page', html);
  for (const index of [3, 4, 5]) origin.serve(stream.paths.fragment.replace('3.ts', `${index}.ts`), GONE);
  const workDir = await freshDir();
  const download = async (): Promise<string> =>
    (await kit.download(page, { workDir, openExtra: () => null })).state;
  assert.is(await download(), 'remote_not_found');
  origin.serve(stream.paths.playlist, away);
  assert.is(await download(), 'network_login');
  origin.serve(stream.paths.playlist, list);
  origin.serve('/page', away);
  assert.is(await download(), 'network_login');
  // The same of one that is looked at for the first time is a guess.
  assert.is((await kit.download(page)).state, 'no_media');
  origin.serve('/page', response(HTML, 'Gone.'));
  assert.is(await download(), 'no_media');
  origin.serve('/page', html);
  for (const index of [3, 4, 5])
    origin.serve(stream.paths.fragment.replace('3.ts', `${index}.ts`), response(TS, encrypted(index)));
  assert.is(await download(), 'complete');
});

test('511 in place of the media, or the player, of a page is told for the page', async () => {
  origin.serve('/511', required);
  for (const [index, html] of ['<video src=/511></video>', '<iframe src=/511></iframe>'].entries()) {
    const url = origin.serve(`/with-511-${index}`, response(HTML, html));
    assert.is(await kit.list(url), 'network_login');
  }
});

test.after(async () => {
  await portal.close();
  await kit.close();
});

test.run();
