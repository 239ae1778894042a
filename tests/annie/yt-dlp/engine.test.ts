import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { percentOf } from '#lib/protocol/channel.ts';
import type { Sample } from '#lib/protocol/progress.ts';
import { mediaMissing } from '../../site/media.ts';
import { testUnless } from '../../support/skip.ts';
import { settles } from '../../support/wait.ts';
import { marked, noProc } from '../../process/machine.ts';
import { deadline, hashOf, never, reason, withEngine } from './fixture.ts';
import { rejectionOf } from './rejection.ts';

testUnless(test, reason, 'the status has version and path without starting yt-dlp', () =>
  withEngine(async ({ engine }) => {
    const status = await engine.status();
    assert.is(status.state, 'ready');
    assert.is(status.state === 'ready' && status.version, '2026.10.26');
  }),
);

test('without yt-dlp, status, listing and download say what to type', () =>
  withEngine(async ({ dir, make, job }) => {
    const engine = make({ dataDir: dir, path: '/nonexistent' });
    assert.equal(await engine.status(), {
      engine: 'yt-dlp',
      state: 'missing',
      remedy: 'Type: npx sluice engines install yt-dlp',
    });
    const parse = await rejectionOf(engine.parse({ url: 'http://x.example/', signal: never }));
    const download = await rejectionOf(engine.download(job('http://x.example/')));
    for (const error of [parse, download]) {
      assert.is(error.code, 'engine_missing');
      assert.match(error.message, 'sluice engines install yt-dlp');
    }
  }));

test('an old yt-dlp on PATH, and another program of that name, are unusable', () =>
  withEngine(async ({ dir, make, job }) => {
    const bin = join(dir, 'bin');
    await mkdir(bin);
    for (const [says, version] of [
      ['2024.01.01', '2024.01.01'],
      ['hello', null],
    ] as const) {
      await writeFile(join(bin, 'yt-dlp'), `#!/bin/sh\necho ${says}\n`, { mode: 0o755 });
      const engine = make({ dataDir: dir, path: `${bin}:${process.env['PATH']}` });
      const status = await engine.status();
      assert.is(status.state, 'unusable');
      assert.is(status.state === 'unusable' && status.version, version);
      assert.is((await rejectionOf(engine.download(job('http://x.example/')))).code, 'engine_version');
    }
  }));

testUnless(test, reason, 'a page with three videos is three items, each with its own bytes', () =>
  withEngine(async ({ site, engine, fetch, received, clearWork }) => {
    const files = [1, 2, 3].map((n) => `/file/${n}.mp4?size=${n}00000&seed=${n}&type=video/mp4`);
    const videos = files.map((file) => `<video src="${file.replaceAll('&', '&amp;')}"></video>`);
    const body = `<!doctype html><meta charset="utf-8"><title>Three</title>${videos.join('')}`;
    const url = `${site.url}/text?type=text/html&body=${encodeURIComponent(body)}`;
    const { items } = await settles(engine.parse({ url, signal: never }), deadline);
    assert.equal(
      items.map(({ title }) => title),
      ['Three (1)', 'Three (2)', 'Three (3)'],
    );
    for (const index of [2, 0, 1]) {
      const { url: address, streams } = items[index]!;
      await clearWork();
      const result = await fetch(address, { streamId: streams[0]!.id });
      const wanted = new Uint8Array(await (await globalThis.fetch(site.url + files[index]!)).arrayBuffer());
      assert.is(hashOf(await readFile(result.path)), hashOf(wanted));
      assert.is(result.suggestedName, `Three (${index + 1}).mp4`);
      assert.is(received.titles.at(-1), `Three (${index + 1})`);
      assert.is(received.samples.at(-1)?.receivedBytes, result.bytes);
    }
    assert.equal([...new Set(received.phases)], ['download']);
  }),
);

testUnless(test, reason, 'a download after its listing does not open the page again', () =>
  withEngine(async ({ site, engine, fetch }) => {
    const pages = (): number => site.asked.filter(({ url }) => url === '/page/og').length;
    const { items } = await settles(engine.parse({ url: `${site.url}/page/og`, signal: never }), deadline);
    const before = pages();
    const result = await fetch(items[0]!.url, { streamId: items[0]!.streams[0]!.id });
    assert.is(result.bytes, 100_000);
    assert.is(pages(), before);
  }),
);

testUnless(
  test,
  reason ?? mediaMissing,
  'DASH with separate audio has one progress, and is joined into one playable file',
  () =>
    withEngine(async ({ site, engine, fetch, received, job }) => {
      const url = `${site.url}/media/dash/index.mpd`;
      const { items } = await settles(engine.parse({ url, signal: never }), deadline);
      const picked = items[0]!.streams.find(({ isDefault }) => isDefault)!;
      assert.match(picked.id, '+');
      assert.is(picked.quality, '360p');
      const result = await fetch(items[0]!.url, { streamId: picked.id });
      assert.equal(received.phases, ['download', 'finish']);
      assert.is(result.suggestedName, 'index.mp4');
      let last = 0;
      for (const sample of received.samples) {
        const percent = percentOf({ ...sample, state: 'download' });
        assert.ok((percent ?? 0) >= last - 1, `${percent} after ${last}`);
        last = percent ?? last;
      }
      assert.ok(received.samples.at(-1)!.receivedBytes > 0.9 * result.bytes);
      // Only the joined file is left, besides the reports of yt-dlp.
      const media = (await readdir(job('').workDir)).filter((name) => !name.startsWith('sluice-'));
      assert.equal(media, [result.path.split('/').at(-1)]);
      assert.match(readFileSync(result.path).toString('latin1', 0, 64), 'ftyp');
    }),
);

testUnless(
  test,
  reason ?? mediaMissing,
  'without ffmpeg, a stream that needs joining is ffmpeg_missing before anything is fetched',
  () =>
    withEngine(async ({ site, make, job }) => {
      const engine = make({ ffmpegPath: null, path: '/usr/bin-without-ffmpeg' });
      const before = site.asked.length;
      assert.is(
        (await rejectionOf(engine.download(job(`${site.url}/x`, { streamId: '0+2' })))).code,
        'ffmpeg_missing',
      );
      assert.is(site.asked.length, before);
      const best = rejectionOf(engine.download(job(`${site.url}/media/dash/index.mpd`)));
      assert.is((await settles(best, deadline)).code, 'ffmpeg_missing');
    }),
);

testUnless(test, reason, 'an abort keeps the partial file, and the next attempt resumes it', () =>
  withEngine(async ({ site, engine, fetch, received, job, host }) => {
    const url = `${site.url}/file/slow.mp4?size=4000000&seed=5&type=video/mp4&rate=1500000`;
    const abort = new AbortController();
    const stop = new Error('paused');
    const onSample = ({ receivedBytes }: Sample): void => {
      if (receivedBytes > 500_000) abort.abort(stop);
    };
    const thrown = await rejectionOf(
      settles(engine.download(job(url, { signal: abort.signal, onSample })), deadline),
    );
    assert.is(thrown, stop);
    if (noProc === null) assert.equal(marked(host.serverId), []);
    const left = await readdir(job('').workDir);
    assert.ok(
      left.some((name) => name.endsWith('.part')),
      left.join(),
    );
    const result = await fetch(url);
    assert.ok(received.samples[0]!.receivedBytes > 500_000, 'it began anew');
    const whole = new Uint8Array(
      await (await globalThis.fetch(url.replace('&rate=1500000', ''))).arrayBuffer(),
    );
    assert.is(hashOf(await readFile(result.path)), hashOf(whole));
  }),
);

testUnless(test, reason, 'a file that an earlier attempt completed is the result at once', () =>
  withEngine(async ({ site, fetch, received }) => {
    const url = `${site.url}/file/again.mp4?size=300000&seed=6&type=video/mp4`;
    const first = await fetch(url);
    received.samples = [];
    const second = await fetch(url);
    assert.equal(second, first);
  }),
);

for (const [path, code] of [
  ['/nowhere', 'remote_not_found'],
  ['/page/empty', 'unsupported_url'],
  ['/file/x.mp4?fault=status=503&type=video/mp4', 'remote_busy'],
  ['/file/x.mp4?fault=status=403&type=video/mp4', 'remote_denied'],
] as const) {
  testUnless(test, reason, `${path} is ${code}, listed or downloaded`, () =>
    withEngine(async ({ site, engine, job }) => {
      const url = site.url + path;
      const listed = await rejectionOf(settles(engine.parse({ url, signal: never }), deadline));
      assert.is(listed.code, code, listed.message);
      const fetched = await rejectionOf(settles(engine.download(job(url)), deadline));
      assert.is(fetched.code, code, fetched.message);
    }),
  );
}

testUnless(test, reason, 'a stream that does not exist is stream_not_found', () =>
  withEngine(async ({ site, engine, job }) => {
    const wanted = job(`${site.url}/page/og`, { streamId: 'no-such-format' });
    assert.is((await rejectionOf(settles(engine.download(wanted), deadline))).code, 'stream_not_found');
  }),
);

testUnless(test, reason ?? mediaMissing, 'a live stream is refused, listed or downloaded', () =>
  withEngine(async ({ site, engine, job }) => {
    const url = `${site.url}/live/ts/high.m3u8`;
    const listed = await rejectionOf(settles(engine.parse({ url, signal: never }), deadline));
    assert.is(listed.code, 'live_stream', listed.message);
    const fetched = await rejectionOf(settles(engine.download(job(url)), deadline));
    assert.is(fetched.code, 'live_stream', fetched.message);
  }),
);

test.run();
