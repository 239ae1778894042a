import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { supportIn, createSupportByHost, isSingleMachine } from '#lib/annie/yt-dlp/url-support.ts';
import { selectorOf, PRESETS } from '#lib/annie/yt-dlp/selector.ts';
import { compareVersions, isVersion } from '#lib/annie/yt-dlp/version.ts';
import { pageOf } from '#lib/foreign/yt-dlp/items.ts';
import type { SluiceError } from '#lib/protocol/error.ts';

const PAGE = 'https://videos.example/watch';
const video = (height: number, more: object = {}) => ({
  format_id: `v${height}`,
  ext: 'mp4',
  vcodec: 'avc1',
  acodec: 'none',
  height,
  width: Math.round((height * 16) / 9),
  ...more,
});
const sound = (format_id: string, ext: string, more: object = {}) => ({
  format_id,
  ext,
  vcodec: 'none',
  acodec: 'x',
  ...more,
});
const list = (info: object, canJoin = true) =>
  pageOf({ id: 'x', title: 't', ...info }, { url: PAGE, canJoin }).found;
const streamsOf = (formats: object[], canJoin = true) => list({ formats }, canJoin)[0]!.item.streams;

function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (thrown) {
    return (thrown as SluiceError).code;
  }
  return 'no error';
}
test('every listed stream id is a selector that a download accepts', () => {
  const ids = streamsOf([sound('a-drc', 'webm'), video(720, { format_id: 'hls-1.2=x:y' })]).map(
    ({ id }) => id,
  );
  for (const id of [...ids, ...Object.keys(PRESETS)]) assert.ok(selectorOf(id, true).length > 0);
});

test('an invalid format id never reaches the command line', () => {
  for (const id of ['-', '', 'a b', 'best[height>1]', 'a/b', '(a)', 'a\nb', 'a+', '+a', 'a,b', 'all\0']) {
    assert.is(
      codeOf(() => selectorOf(id, true)),
      'stream_not_found',
      JSON.stringify(id),
    );
  }
});

test('a format may be called as what every object has', () => {
  for (const id of ['constructor', 'toString', '__proto__']) assert.ok(selectorOf(id, true).includes(id));
});

test('without ffmpeg no selector needs joining', () => {
  assert.is(
    codeOf(() => selectorOf('1+2', false)),
    'ffmpeg_missing',
  );
  for (const id of [null, ...Object.keys(PRESETS)]) assert.not(selectorOf(id, false).includes('+'));
});

test('versions compare as dates, nightly builds after the release of their day', () => {
  assert.is(compareVersions('2026.10.26', '2026.10.26'), 0);
  assert.is(compareVersions('2026.9.30', '2026.10.26'), -1);
  assert.is(compareVersions('2026.10.26.232842', '2026.10.26'), 1);
  assert.ok(isVersion('2026.10.26\n'));
  assert.not(isVersion('usage: yt-dlp'));
});

test('a claim is read from the listing of extractors, broken and catch-all ones left out', () => {
  const url = 'https://videos.example/1';
  assert.is(supportIn(`abc\nvideos\n  ${url}\ngeneric\n  ${url}\n`, url), 'site');
  assert.is(supportIn(`videos (CURRENTLY BROKEN)\n  ${url}\ngeneric\n  ${url}\n`, url), 'generic');
  assert.is(supportIn(`abc\ngeneric\n`, url), 'no');
});

test('a host is looked up once, and again only after a failure', async () => {
  const claim: string[] = [];
  const claims = createSupportByHost(async (url) => {
    claim.push(url);
    if (claim.length === 1) throw new Error('no yt-dlp');
    return `videos\n  ${url}\n`;
  });
  const url = new URL('https://videos.example/1');
  await claims.of(url).catch(() => undefined);
  assert.is(await claims.of(url), 'site');
  assert.is(await claims.of(new URL('https://videos.example/2')), 'site');
  assert.is(claim.length, 2);
  assert.is(await claims.of(new URL('http://127.0.0.1:1/')), 'generic');
  for (const host of ['127.0.0.1', '[::1]', 'localhost', 'nas']) assert.ok(isSingleMachine(host));
});

test.run();
