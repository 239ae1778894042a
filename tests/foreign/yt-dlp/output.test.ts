import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readYtDlpListing, type YtDlpListing } from '#lib/foreign/yt-dlp/listing.ts';
import type { SluiceError } from '#lib/protocol/error.ts';

const PAGE = 'https://videos.example/watch';
const read = (json: string): YtDlpListing =>
  readYtDlpListing({ chunks: [new TextEncoder().encode(json)], url: PAGE, canJoin: true });
const decoded = (info: Uint8Array | null | undefined): string | null =>
  info ? new TextDecoder().decode(info) : null;
const FORMAT = '{"format_id":"1","ext":"mp4","vcodec":"x","acodec":"x","height":360}';

test('the info of a video, and of each opened entry of a list, is kept as yt-dlp printed it', () => {
  const video = `{"id": "a", "title": "T\\u00e9", "formats": [${FORMAT}], "other": {"deep": [1, "}"]} }`;
  assert.is(decoded(read(`${video}\n`).items[0]?.info), video);
  const list = `{"_type":"playlist","entries":[ ${video} , null, {"_type":"url","url":"https://x.example/1"}, ${video.replace('"a"', '"b"')} ]}`;
  assert.equal(
    read(list).items.map(({ item, info }) => [item.id, decoded(info)]),
    [
      ['a', video],
      ['', null],
      ['b', video.replace('"a"', '"b"')],
    ],
  );
});

test('of a long list the first twenty infos are kept, and none over 4 MiB', () => {
  const entry = (i: number): string => `{"id":"${i}","webpage_url":"${PAGE}/${i}","formats":[${FORMAT}]}`;
  const many = read(`{"entries":[${Array.from({ length: 30 }, (_, i) => entry(i)).join()}]}`);
  assert.is(many.items.length, 30);
  assert.equal(many.items.map(({ info }) => info !== null).lastIndexOf(true), 19);
  const big = read(`{"id":"x","formats":[${FORMAT}],"other":"${'x'.repeat(4 * 1024 * 1024)}"}`);
  assert.equal(
    big.items.map(({ info }) => info),
    [null],
  );
});

test('the infos that are kept of one list have 16 MiB at most', () => {
  const entry = (i: number): string =>
    `{"id":"${i}","webpage_url":"${PAGE}/${i}","formats":[${FORMAT}],"other":"${'x'.repeat(3_900_000)}"}`;
  const { items } = read(`{"entries":[${Array.from({ length: 6 }, (_, i) => entry(i)).join()}]}`);
  assert.equal(
    items.map(({ info }) => info !== null),
    [true, true, true, true, false, false],
  );
});

test('a list with more text than 256 kB is listed up to there, and continued from there', () => {
  const entry = (i: number): string =>
    `{"_type":"url","id":"${i}","title":"${'t'.repeat(900)}","url":"https://x.example/${'u'.repeat(4000)}"}`;
  const { items, more, truncated } = read(
    `{"entries":[${Array.from({ length: 200 }, (_, i) => entry(i)).join()}]}`,
  );
  assert.ok(items.length > 40 && items.length < 200, `${items.length} items`);
  assert.ok(Buffer.byteLength(JSON.stringify(items.map(({ item }) => item))) <= 262_144);
  assert.equal([more, truncated], [[{ url: PAGE, from: items.length + 1, isInside: false }], false]);
  assert.not(read(`{"id":"x","formats":[${FORMAT}]}`).truncated);
});

test('of many formats the best streams are listed, one of them the default, each with an id that a download accepts', () => {
  const formats = Array.from({ length: 400 }, (_, i) =>
    FORMAT.replace('"1"', `"${i}"`).replace('360', `${i + 1}`),
  );
  const odd = [`{"format_id":"${'x'.repeat(121)}","height":9999}`, '{"format_id":"","height":9998}'];
  const { item } = read(`{"formats":[${[...formats, ...odd].join()}]}`).items[0] ?? {};
  assert.is(item?.streams.length, 200);
  assert.equal([item?.streams[0]?.quality, item?.streams[0]?.isDefault], ['400p', true]);
  assert.is(item?.streams.filter(({ isDefault }) => isDefault).length, 1);
});

test('titles and names that are too long are cut or null', () => {
  const long = 'w'.repeat(70_000);
  const { item } =
    read(
      `{"id":"i","title":"${'t'.repeat(2000)}","formats":[{"format_id":"1","ext":"${'e'.repeat(99)}","format_note":"${'n'.repeat(999)}"}]}`,
    ).items[0] ?? {};
  assert.equal(
    [item?.title.length, item?.streams[0]?.ext.length, item?.streams[0]?.quality.length],
    [1000, 16, 100],
  );
  assert.is(read(`{"id":"i","title":"${long}","formats":[${FORMAT}]}`).items[0]?.item.title, 'i');
});

test('too many values are too_complex', () => {
  const parts = Array.from(
    { length: 1000 },
    () => `{"formats":[${Array(400).fill('{"ext":"a","height":1}').join()}]}`,
  );
  try {
    read(`{"entries":[${parts.join()}]}`);
    assert.unreachable();
  } catch (thrown) {
    assert.is((thrown as SluiceError).code, 'too_complex');
  }
});

test('an availability that every object has says nothing', () => {
  const entries = ['constructor', 'toString', '__proto__'].map((availability) => ({
    ...{ _type: 'url', url: `https://videos.example/${availability}`, availability },
  }));
  assert.equal(
    read(JSON.stringify({ entries })).items.map(({ item }) => item.unavailable),
    [undefined, undefined, undefined],
  );
});

test.run();
