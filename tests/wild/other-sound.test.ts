/** Separate audio that is gone (RFC 8216, section 4.3.4.2): another of its group is taken, and it is said. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createProcessHost } from '#lib/process/process-host.server.ts';
import { freshDir } from '../annie/http/kit.ts';
import { testUnless } from '../support/skip.ts';
import { missing, toolPath } from '../support/tools.ts';
import { mediaMissing } from '../site/media.ts';
import { HLS, LOGIN, openStreamKit, six, ts } from './stream-kit.ts';
import { response } from './origin.ts';

const processes = await createProcessHost({ runDir: await freshDir() });
const kit = await openStreamKit({ ffmpegPath: toolPath('ffmpeg'), processes });
const { origin, stream, listed } = kit;
test.after(async () => {
  await kit.close();
  await processes.close();
});
const it = (name: string, body: () => Promise<void>): void =>
  testUnless(test, mediaMissing ?? missing('ffmpeg'), name, body);

let lists = 0;
const serve = (text: string): string => origin.serve(`/sound-${++lists}.m3u8`, response(HLS, text));
const media = (group: string, name: string, url: string, more = ''): string =>
  `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="${group}",NAME="${name}",URI="${url}"${more}`;
const variant = (url: string, group = 'a', bits = 1_000_000): string =>
  `#EXT-X-STREAM-INF:BANDWIDTH=${bits},RESOLUTION=640x360,AUDIO="${group}"\n${url}`;
const master = (...lines: string[]): string => serve(['#EXTM3U', ...lines].join('\n'));

const said: unknown[] = [];
async function saved(url: string): Promise<string> {
  said.length = 0;
  const onInfo = ({ lowered }: { lowered?: unknown }): void => void (lowered && said.push(lowered));
  const { state, name } = await kit.download(url, { onInfo });
  return state === 'complete' ? name.replace(/^.*\./, '') : state;
}

const login = origin.serve('/login.m3u8', response('Content-Type: text/html', LOGIN));
const empty = serve('#EXTM3U\n#EXT-X-ENDLIST');
for (const [what, url] of [
  ['is gone', '/gone.m3u8'],
  ['is a login page', login],
  ['has no fragments', empty],
  ['has fragments that are gone', serve(`${six().replaceAll('BASE', '/gone')}\n#EXT-X-ENDLIST`)],
] as const) {
  it(`where the preferred audio ${what}, the next of its group is taken, and it is said`, async () => {
    const list = master(
      media('a', 'English', url, ',DEFAULT=YES'),
      media('a', 'Deutsch', stream(ts)),
      variant(stream(ts)),
    );
    assert.is(await saved(list), 'mp4');
    assert.equal(said, [{ quality: '360p · Deutsch', missing: '360p · English' }]);
  });
}

it('the same audio at another address is no other audio', async () => {
  const gone = media('a', 'English', '/gone.m3u8', ',DEFAULT=YES');
  assert.is(await saved(master(gone, media('a', 'English', stream(ts)), variant(stream(ts)))), 'mp4');
  const video = stream(ts);
  const twice = [variant(video), variant(video, 'b')];
  assert.is(await saved(master(gone, media('b', 'English', stream(ts), ',DEFAULT=YES'), ...twice)), 'mp4');
  assert.equal(said, []);
});

it('what is gone altogether is no silent video', async () => {
  const gone = media('a', 'English', '/gone.m3u8', ',DEFAULT=YES');
  const list = master(gone, media('a', 'Deutsch', '/gone.m3u8'), variant(stream(ts)));
  assert.is(await saved(list), 'remote_not_found');
});

it('audio counts without a name, and with its type in lower case', async () => {
  for (const tag of ['TYPE=AUDIO', 'TYPE=audio,NAME="x"']) {
    const sound = stream(ts);
    const list = master(`#EXT-X-MEDIA:${tag},GROUP-ID="a",DEFAULT=YES,URI="${sound}"`, variant(stream(ts)));
    assert.is(await saved(list), 'mp4');
    assert.ok(origin.requestsFor(new URL(sound).pathname).length > 0);
  }
});

it('a playlist imports the variables of its master', async () => {
  const text = '#EXTM3U\n#EXT-X-DEFINE:IMPORT="dir"\n' + six().replace('#EXTM3U', '') + '\n#EXT-X-ENDLIST';
  const inner = listed(text.replaceAll('BASE', '{$dir}'));
  const define = `#EXT-X-DEFINE:NAME="dir",VALUE="${kit.base()}"`;
  const stream = `#EXT-X-STREAM-INF:BANDWIDTH=1000000\n${inner}`;
  assert.is(await saved(master(define, stream)), 'mp4');
  assert.is(await saved(master(stream)), 'remote_not_found');
});

it('an update that leaves fragments out is no video', async () => {
  const text = six().replace('#EXTINF:1,\nBASE/0.ts', '#EXT-X-SKIP:SKIPPED-SEGMENTS=1');
  assert.is(await saved(listed(`${text}\n#EXT-X-ENDLIST`)), 'invalid_manifest');
});

test.run();
