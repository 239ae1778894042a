import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseInfo } from '#lib/foreign/yt-dlp/info.ts';
import { pageOf } from '#lib/foreign/yt-dlp/items.ts';

const titleOf = (info: object): string | null =>
  pageOf(parseInfo(Buffer.from(JSON.stringify(info))).value, { url: 'https://a.example/', canJoin: true })
    .title;

test('a list is called by its title, and a single video has its own', () => {
  const entries = [{ id: 'a', title: 'A', url: 'https://a.example/a' }];
  assert.is(titleOf({ id: 'x', title: ' My\n list ', _type: 'playlist', entries }), 'My list');
  assert.is(titleOf({ id: 'x', title: null, _type: 'playlist', entries }), null);
  assert.is(
    titleOf({ id: 'x', title: 'A video', formats: [{ format_id: 'a', ext: 'mp4', height: 360 }] }),
    null,
  );
});

test.run();
