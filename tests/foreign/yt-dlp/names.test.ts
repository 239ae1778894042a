/** Formats of yt-dlp that differ in nothing but their language or their name. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Format } from '#lib/foreign/yt-dlp/info.ts';
import { pageOf } from '#lib/foreign/yt-dlp/items.ts';
import { parseInfo } from '#lib/foreign/yt-dlp/info.ts';
import type { MediaStream } from '#lib/protocol/media.ts';

function streamsOf(formats: Partial<Format>[]): MediaStream[] {
  const printed = parseInfo(Buffer.from(JSON.stringify({ id: 'x', title: 't', formats }))).value;
  return pageOf(printed, { url: 'https://videos.example/watch', canJoin: true }).found[0]?.item.streams ?? [];
}

test('combined formats in two languages, and those that only have a name, can each be had', () => {
  const spoken = ['de', 'en'].map((language) => ({
    ...{ format_id: `720-${language}`, language, ext: 'mp4', vcodec: 'avc1', acodec: 'mp4a' },
    ...{ height: 720, width: 1280 },
  }));
  assert.equal(
    streamsOf(spoken).map(({ id, quality, isDefault }) => [id, quality, isDefault]),
    [
      ['720-en', '720p · en', true],
      ['720-de', '720p · de', false],
    ],
  );
  // one of them alone says nothing
  assert.equal(
    streamsOf(spoken.slice(0, 1)).map(({ quality }) => quality),
    ['720p'],
  );
  const named = ['ld', 'sd', 'hd'].map((format_id) => ({
    format_id,
    ext: 'mp4',
    url: 'https://a.example/v',
  }));
  assert.equal(
    streamsOf(named).map(({ id, quality, isDefault }) => [id, quality, isDefault]),
    [
      ['hd', 'hd', true],
      ['sd', 'sd', false],
      ['ld', 'ld', false],
    ],
  );
  const numbered = named.map((format, index) => ({ ...format, format_id: String(index) }));
  assert.equal(
    streamsOf(numbered).map(({ id, quality }) => [id, quality]),
    [['2', 'original']],
  );
});

test.run();
