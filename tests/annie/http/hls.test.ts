import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HttpEngine } from '#lib/annie/http/engine.server.ts';
import { createProcessHost } from '#lib/process/process-host.server.ts';
import type { FetchedFile } from '#lib/files/fetched-file.ts';
import { mediaMissing, SECONDS } from '../../site/media.ts';
import { startSite } from '../../site/site.ts';
import { testUnless } from '../../support/skip.ts';
import { toolPath } from '../../support/tools.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { codeOf, freshDir, jobFor, openGuard, removeDirs } from './kit.ts';
import { readers } from '../../support/readers.ts';

const run = promisify(execFile);
const site = await startSite();
const processes = await createProcessHost({ runDir: await freshDir() });
const joining = new HttpEngine({
  guard: openGuard(),
  readers,
  ffmpegPath: toolPath('ffmpeg'),
  processes,
  stallMs: 10_000,
});
const bare = new HttpEngine({ guard: openGuard(), readers, stallMs: 10_000 });
const signal = new AbortController().signal;

const it = (name: string, body: () => Promise<void>): void => {
  testUnless(test, mediaMissing, name, body);
};

async function fetched(path: string, engine = joining, streamId: string | null = null): Promise<FetchedFile> {
  return settles(engine.download(jobFor(site.url + path, await freshDir(), { streamId })));
}

/** Decodes the whole file, so that a wrong byte is an error; gives its length in s and its streams. */
async function played({ path }: FetchedFile): Promise<{ seconds: number; streams: string }> {
  const ffprobe = (toolPath('ffmpeg') ?? '').replace(/ffmpeg$/, 'ffprobe');
  await run(toolPath('ffmpeg') ?? '', ['-v', 'error', '-xerror', '-i', path, '-f', 'null', '-']);
  const { stdout } = await run(ffprobe, [
    '-v',
    'error',
    '-show_entries',
    'format=duration:stream=codec_type,height',
    '-of',
    'json',
    path,
  ]);
  const { format, streams } = JSON.parse(stdout) as {
    format: { duration: string };
    streams: { codec_type: string; height?: number }[];
  };
  return {
    seconds: Math.round(Number(format.duration)),
    streams: streams
      .map((stream) => `${stream.codec_type}${stream.height ?? ''}`)
      .sort()
      .join(' '),
  };
}

it('a master playlist lists its variants, the best first', async () => {
  const { items } = await settles(bare.parse({ url: `${site.url}/media/ts/master.m3u8`, signal }));
  assert.equal(
    items[0]?.streams.map(({ id, quality, ext, bytes, isDefault }) => [id, quality, ext, bytes, isDefault]),
    [
      ['v360-1280000', '360p', 'ts', null, true],
      ['v180-400000', '180p', 'ts', null, false],
    ],
  );
  assert.is(items[0]?.title, 'ts');
});

it('fragments become an .mp4 with ffmpeg and a playable .ts without', async () => {
  const joined = await fetched('/media/ts/master.m3u8');
  assert.is(joined.suggestedName, 'ts.mp4');
  assert.equal(await played(joined), { seconds: SECONDS, streams: 'audio video360' });
  const raw = await fetched('/media/ts/master.m3u8', bare, 'v180-400000');
  assert.is(raw.suggestedName, 'ts.ts');
  assert.equal(await played(raw), { seconds: SECONDS, streams: 'audio video180' });
});

for (const kind of ['aes', 'byterange', 'fmp4']) {
  it(`${kind} fragments play, with and without ffmpeg`, async () => {
    for (const engine of [joining, bare]) {
      const result = await fetched(`/media/${kind}/index.m3u8`, engine);
      assert.equal(await played(result), { seconds: SECONDS, streams: 'audio video360' });
      assert.is(result.suggestedName, `${kind}.${kind === 'fmp4' || engine === joining ? 'mp4' : 'ts'}`);
    }
  });
}

it('separate audio is joined with ffmpeg, and refused before any byte without', async () => {
  assert.equal(await played(await fetched('/media/audio/master.m3u8')), {
    seconds: SECONDS,
    streams: 'audio video360',
  });
  const asked = site.asked.length;
  assert.is(await codeOf(fetched('/media/audio/master.m3u8', bare)), 'ffmpeg_missing');
  assert.not(site.asked.slice(asked).some(({ url }) => url.endsWith('.ts')));
});

it('a live stream is live_stream, parsed and downloaded', async () => {
  const url = `${site.url}/live/ts/high.m3u8`;
  assert.is(await codeOf(bare.parse({ url, signal })), 'live_stream');
  assert.is(await codeOf(fetched('/live/ts/high.m3u8', bare)), 'live_stream');
});

it('an abort keeps whole fragments, and the next attempt requests only the others', async () => {
  const workDir = await freshDir();
  const abort = new AbortController();
  const url = `${site.url}/media/ts/high.m3u8`;
  const before = site.asked.length;
  const job = jobFor(url, workDir, { signal: abort.signal });
  const ended = joining.download(job).catch((thrown: unknown) => thrown);
  await waitFor(async () => (await readdir(workDir)).some((name) => /^hls-video\.\d+$/.test(name)), {
    what: 'a whole fragment',
  }).finally(() => {
    abort.abort(new Error('stop'));
  });
  await settles(ended);
  const result = await settles(joining.download(jobFor(url, workDir)));
  assert.equal(await played(result), { seconds: SECONDS, streams: 'audio video360' });
  const asked = site.asked.slice(before).filter((each) => each.url.endsWith('.ts'));
  assert.ok(asked.length < 2 * SECONDS, `${asked.length} requests`);
});

it('half-written files that a kill left are not trusted', async () => {
  const workDir = await freshDir();
  for (const name of ['hls-video', 'hls-video.json', 'hls-video.0', 'hls-video.1.part', 'hls-joined.mp4']) {
    await writeFile(join(workDir, name), '{"version":1,"fingerprint":"x","fragments":3,"bytes":99}');
  }
  const job = jobFor(`${site.url}/media/ts/high.m3u8`, workDir);
  assert.equal(await played(await settles(joining.download(job))), {
    seconds: SECONDS,
    streams: 'audio video360',
  });
  const percents = job.samples.map(({ percent }) => percent ?? 0);
  assert.is(percents.at(-1), 100);
});

it('a fragment that is a playlist is refused, and never given to ffmpeg to guess', async () => {
  const evil = encodeURIComponent('#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST');
  const playlist = encodeURIComponent(`#EXTM3U\n#EXTINF:1,\n/text?body=${evil}\n#EXT-X-ENDLIST`);
  const path = `/text?type=application/vnd.apple.mpegurl&body=${playlist}`;
  assert.is(await codeOf(fetched(path)), 'not_media');
});

it('tracks are joined by our ffmpeg wrapper: both inputs are files of the work dir, of formats that open nothing else', async () => {
  const dir = await freshDir();
  const log = join(dir, 'log');
  const real = join(dir, 'ffmpeg');
  const script = `#!/bin/sh\nprintf '%s\\n' "$@" >'${log}'\nexec '${toolPath('ffmpeg')}' "$@"\n`;
  await writeFile(real, script, { mode: 0o755 });
  const engine = new HttpEngine({ guard: openGuard(), readers, ffmpegPath: real, processes });
  await fetched('/media/audio/master.m3u8', engine);
  const words = (await readFile(log, 'utf8')).split('\n');
  const inputs = words.flatMap((word, i) => (word === '-i' ? [words.slice(i - 4, i + 2)] : []));
  assert.equal(
    inputs.map(([protocols, value, formats, , , name]) => [protocols, value, formats, name]),
    ['video', 'audio'].map((kind) => [
      '-protocol_whitelist',
      'file',
      '-format_whitelist',
      `file:hls-${kind}`,
    ]),
  );
  for (const input of inputs) assert.not.match(input[3] ?? '', /hls|dash|concat/);
});

const manifest = (body: string): string =>
  `/text?type=application/vnd.apple.mpegurl&body=${encodeURIComponent(body)}`;

for (const [what, body, code] of [
  ['nothing', '#EXTM3U\n#EXT-X-ENDLIST', 'invalid_manifest'],
  [
    'an IV that is none',
    '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0xhello\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST',
    'invalid_manifest',
  ],
  [
    'SAMPLE-AES',
    '#EXTM3U\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST',
    'encrypted',
  ],
  [
    'FairPlay',
    '#EXTM3U\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://k",KEYFORMAT="com.apple.streamingkeydelivery"\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST',
    'encrypted',
  ],
  ['a fragment that is gone', '#EXTM3U\n#EXTINF:1,\n/nowhere.ts\n#EXT-X-ENDLIST', 'remote_not_found'],
  ['a private fragment', '#EXTM3U\n#EXTINF:1,\nhttp://10.0.0.1/a.ts\n#EXT-X-ENDLIST', 'address_refused'],
  ['a file fragment', '#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST', 'unsupported_scheme'],
  [
    'a private key',
    '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="http://[::1]/k"\n#EXTINF:1,\n/file/a.ts\n#EXT-X-ENDLIST',
    'address_refused',
  ],
  [
    'a key of the wrong length',
    '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="/text?body=short"\n#EXTINF:1,\n/file/a.ts\n#EXT-X-ENDLIST',
    'encrypted',
  ],
  [
    'a key that does not open it',
    '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="/text?body=0123456789abcdef"\n#EXTINF:1,\n/file/a.ts?size=1600\n#EXT-X-ENDLIST',
    'encrypted',
  ],
] as const) {
  test(`a manifest with ${what} is ${code}`, async () => {
    assert.is(await codeOf(fetched(manifest(body), bare)), code);
  });
}

test.after(async () => {
  await joining.close();
  await bare.close();
  await processes.close();
  await site.close();
  await removeDirs();
});

test.run();
