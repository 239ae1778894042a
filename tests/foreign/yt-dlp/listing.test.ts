import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseInfo } from '#lib/foreign/yt-dlp/info.ts';
import { splitItem, withItem } from '#lib/foreign/yt-dlp/item-url.ts';
import { pageOf } from '#lib/foreign/yt-dlp/items.ts';
import { PRESETS } from '#lib/foreign/yt-dlp/presets.ts';
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
/** As yt-dlp prints it. */
const printed = (text: string) => parseInfo(Buffer.from(text)).value;
const list = (info: object, canJoin = true) =>
  pageOf(printed(JSON.stringify({ id: 'x', title: 't', ...info })), { url: PAGE, canJoin }).found;
const streamsOf = (formats: object[], canJoin = true) => list({ formats }, canJoin)[0]!.item.streams;

function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (thrown) {
    return (thrown as SluiceError).code;
  }
  return 'no error';
}
test('separate video and audio are listed as pairs, one for each height, best first', () => {
  const formats = [
    sound('a1', 'webm'),
    sound('a2', 'm4a', { abr: 129.4 }),
    video(360),
    video(720, { format_id: 'old' }),
  ];
  const streams = streamsOf([...formats, video(720), video(1080, { ext: 'webm', fps: 60 })]);
  assert.equal(
    streams.map(({ id, quality, ext, isDefault }) => [id, quality, ext, isDefault]),
    [
      ['v1080+a1', '1080p60', 'webm', true],
      ['v720+a2', '720p', 'mp4', false],
      ['v360+a2', '360p', 'mp4', false],
      ['a2', '129 kbit/s', 'm4a', false],
      ['a1', 'audio only', 'webm', false],
    ],
  );
});

test('a pair without a common container becomes Matroska', () => {
  assert.is(streamsOf([sound('a', 'webm'), video(720)])[0]?.ext, 'mkv');
});

test('without ffmpeg the default is the best that needs no joining', () => {
  const formats = [
    video(360, { format_id: 'whole', acodec: 'mp4a' }),
    sound('a', 'm4a'),
    video(360),
    video(1080),
  ];
  assert.is(streamsOf(formats, true).find(({ isDefault }) => isDefault)?.id, 'v1080+a');
  assert.is(streamsOf(formats, false).find(({ isDefault }) => isDefault)?.id, 'whole');
});

test('sizes are exact or not known: an estimate is not shown', () => {
  const exact = streamsOf([sound('a', 'm4a', { filesize: 10 }), video(720, { filesize: 100 })]);
  assert.is(exact[0]?.bytes, 110);
  const guessed = streamsOf([sound('a', 'm4a', { filesize: 10 }), video(720, { filesize_approx: 100 })]);
  assert.is(guessed[0]?.bytes, null);
});

test('a portrait video is named by its shorter side', () => {
  assert.is(streamsOf([video(1920, { width: 1080, acodec: 'x' })])[0]?.quality, '1080p');
});

test('a file without any information is one original stream', () => {
  const [found] = list({ formats: [{ format_id: '0', ext: 'mp4', vcodec: null }] });
  assert.is(found?.item.type, 'video');
  assert.equal(found?.item.streams, [
    { id: '0', quality: 'original', bytes: null, ext: 'mp4', isDefault: true },
  ]);
  assert.is(list({ formats: [{ format_id: '0', ext: 'zip' }] })[0]?.item.type, 'file');
  assert.is(list({ formats: [{ format_id: '0', ext: 'mp3', vcodec: 'none' }] })[0]?.item.type, 'audio');
});

test('protected formats and storyboards are not listed', () => {
  const formats = [
    video(720, { has_drm: true }),
    { format_id: 'sb', ext: 'mhtml', vcodec: 'none', acodec: 'none' },
  ];
  assert.is(
    codeOf(() => list({ formats, _has_drm: true })),
    'encrypted',
  );
  assert.is(
    codeOf(() => list({ formats })),
    'no_media',
  );
});

test('a live stream is refused when it is listed', () => {
  assert.is(
    codeOf(() => list({ formats: [video(720)], is_live: true })),
    'live_stream',
  );
  assert.is(
    codeOf(() => list({ formats: [video(720)], live_status: 'is_upcoming' })),
    'live_stream',
  );
});

test('videos without their own pages are distinguished by a number that is never sent', () => {
  const entry = (n: number) => ({
    id: `x-${n}`,
    title: `t ${n}`,
    webpage_url: PAGE,
    playlist_index: n,
    formats: [video(1)],
  });
  const found = list({ _type: 'playlist', webpage_url: PAGE, entries: [entry(1), null, entry(2)] });
  assert.equal(
    found.map(({ item }) => item.url),
    [`${PAGE}#sluice-item=1`, `${PAGE}#sluice-item=2`],
  );
});

test('entries with their own pages are listed unopened, with presets as streams', () => {
  const entries = [
    { _type: 'url', url: 'https://videos.example/1', title: 'one', ie_key: 'Videos' },
    { _type: 'url', url: 'javascript:alert(1)', title: 'two' },
    { _type: 'url_transparent', url: 'https://videos.example/3', id: 'three' },
  ];
  const items = list({ _type: 'playlist', entries }).map(({ item }) => item);
  assert.equal(
    items.map(({ url, title, site }) => [url, title, site]),
    [
      ['https://videos.example/1', 'one', 'Videos'],
      ['https://videos.example/3', 'three', 'videos.example'],
    ],
  );
  assert.equal(
    items[0]?.streams.map(({ id }) => id),
    Object.keys(PRESETS),
  );
});

test('output of another shape is engine_output, and fields of another type are null', () => {
  assert.is(
    codeOf(() => printed('Traceback')),
    'engine_output',
  );
  assert.is(
    codeOf(() => pageOf('text', { url: PAGE, canJoin: true })),
    'engine_output',
  );
  assert.is(
    codeOf(() => pageOf([], { url: PAGE, canJoin: true })),
    'no_media',
  );
  const odd = { ...video(720), height: 'tall', filesize: -1, fps: {} };
  assert.equal(streamsOf([odd])[0], {
    id: 'v720',
    quality: 'original',
    bytes: null,
    ext: 'mp4',
    isDefault: true,
  });
});

test('any JSON gives items or an error with a code', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.boolean(), (formats, canJoin) => {
      try {
        const { found } = pageOf({ formats, entries: undefined }, { url: PAGE, canJoin });
        for (const { item } of found) assert.is(item.streams.filter(({ isDefault }) => isDefault).length, 1);
      } catch (thrown) {
        assert.type((thrown as SluiceError).code, 'string');
      }
    }),
  );
});

test('a number that was added to an address is removed again', () => {
  fc.assert(
    fc.property(
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc.integer({ min: 1, max: 999_999 }),
      (url, number) => {
        assert.equal(splitItem(withItem(url, number)), { url, number });
        assert.is(withItem(withItem(url, 7), number), withItem(url, number));
      },
    ),
  );
  assert.equal(splitItem(PAGE), { url: PAGE, number: 1 });
});

const entry = (n: number, more: object = {}) => ({
  _type: 'url',
  url: `https://videos.example/${n}`,
  id: 'same',
  title: `t ${n}`,
  ...more,
});
const page = (info: object, from = 1) =>
  pageOf(printed(JSON.stringify({ id: 'x', title: 't', ...info })), { url: PAGE, from, canJoin: true });
const entries = (count: number, first = 1) =>
  Array.from({ length: count }, (_, index) => entry(first + index));

test('entries with entries are listed in their place, and what is left of each follows', () => {
  const tab = (name: string, count: number) => ({
    _type: 'playlist',
    id: 'same',
    webpage_url: `${PAGE}/${name}`,
    entries: entries(count),
  });
  const found = page({
    _type: 'playlist',
    webpage_url: PAGE,
    entries: [tab('a', 150), tab('b', 150), tab('c', 3)],
  });
  assert.is(found.found.length, 200);
  assert.equal(found.more, [
    { url: `${PAGE}/b`, from: 51, isInside: true },
    { url: PAGE, from: 3, isInside: false },
  ]);
  assert.equal([found.total, found.truncated], [null, false]);
});

test('a page ends after 200 entries, also if some of them are none', () => {
  const list = [null, ...entries(200)];
  const { found, more } = page({ _type: 'playlist', webpage_url: PAGE, entries: list });
  assert.equal([found.length, more], [199, [{ url: PAGE, from: 201, isInside: false }]]);
});

test('a list in a list without an address of its own is truncated where it is not whole', () => {
  const tab = { _type: 'playlist', webpage_url: PAGE, entries: entries(201) };
  const { found, more, truncated } = page({ _type: 'playlist', webpage_url: PAGE, entries: [tab] });
  assert.equal([found.length, more, truncated], [200, [], true]);
});

test('an entry whose extractor lists is a list, any other a video', () => {
  const keys = ['YoutubeTab', 'XPlaylist', 'VimeoChannel', 'Youtube', 'Vimeo', 'Generic', 'PeerTube'];
  const { found, more } = page({ _type: 'playlist', entries: keys.map((ie_key, n) => entry(n, { ie_key })) });
  assert.equal(
    found.map(({ item }) => item.title),
    ['t 3', 't 4', 't 5', 't 6'],
  );
  assert.equal(
    more.map(({ url }) => url),
    [0, 1, 2].map((n) => `https://videos.example/${n}`),
  );
});

test('a later page numbers its videos from where it begins, and may be empty', () => {
  const opened = { id: 'x', webpage_url: PAGE, formats: [video(1)] };
  const { found, total } = page(
    { _type: 'playlist', webpage_url: PAGE, playlist_count: 201, entries: [opened] },
    201,
  );
  assert.is(found[0]?.item.url, `${PAGE}#sluice-item=201`);
  assert.is(total, 201);
  assert.equal(page({ _type: 'playlist', entries: [] }, 201).found, []);
  assert.is(
    codeOf(() => page({ _type: 'playlist', entries: [] })),
    'no_media',
  );
});

test('an opened entry that is live or protected is marked among others, and is the error if there is no other', () => {
  const good = { id: 'a', webpage_url: `${PAGE}/a`, formats: [video(1)] };
  const live = { id: 'b', webpage_url: `${PAGE}/b`, formats: [video(1)], is_live: true };
  const items = page({ _type: 'playlist', entries: [good, live] }).found.map(({ item }) => item);
  assert.equal(
    items.map(({ unavailable, streams }) => [unavailable, streams.length]),
    [
      [undefined, 1],
      ['live_stream', 0],
    ],
  );
  assert.is(
    codeOf(() => page({ _type: 'playlist', entries: [live] })),
    'live_stream',
  );
});

test.run();
