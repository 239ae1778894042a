import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Channel } from '#lib/channel/client/channel.ts';
import type { SendOptions } from '#lib/channel/client/pending-commands.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import type { MediaItem, ParseResult } from '#lib/protocol/media.ts';
import { readAddresses } from '#lib/ui/add/addresses.ts';
import { waitFor } from '../support/wait.ts';
import './svelte-modules.ts';

const { Lookups, defaultStream } = await import('#lib/ui/state/lookups.svelte.ts');

function item(id: string, streams: MediaItem['streams'] = []): MediaItem {
  return { id, url: `http://a.test/${id}`, site: 'a.test', title: id, type: 'video', streams };
}

const addresses = (...urls: string[]) => urls.map((url) => ({ url, typed: url }));

/** A `send` whose commands the test answers. */
class ManualSender {
  sent: {
    url: string;
    fields: object;
    options: SendOptions;
    done: (result: ParseResult) => void;
    fail: (e: Error) => void;
  }[] = [];

  send = ((_name: string, fields: { url: string }, options: SendOptions) =>
    new Promise<ParseResult>((done, fail) => {
      options.signal?.addEventListener('abort', () => fail(options.signal?.reason as Error));
      this.sent.push({ url: fields.url, fields, options, done, fail });
    })) as unknown as Channel['send'];
}

test('items appear as they are found, each once, and the final result replaces them', async () => {
  const sender = new ManualSender();
  const lookups = new Lookups(sender.send);
  lookups.start(addresses('http://a.test/'), null);
  const [lookup] = lookups.list;
  sender.sent[0]!.options.onItems?.([item('1'), item('2')]);
  // After a reconnect the parse is repeated.
  sender.sent[0]!.options.onItems?.([item('1'), item('3')]);
  assert.equal(
    lookup!.items.map(({ id }) => id),
    ['1', '2', '3'],
  );
  sender.sent[0]!.done({ engine: 'http', items: [item('1')] });
  await waitFor(() => lookup!.status.phase === 'done');
  assert.is(lookup!.items.length, 1);
});

test('lookups run a few at a time, in order, and a failed one frees its slot', async () => {
  const sender = new ManualSender();
  const lookups = new Lookups(sender.send);
  lookups.start(addresses('u1', 'u2', 'u3', 'u4', 'u5'), null);
  assert.is(sender.sent.length, 3);
  sender.sent[1]!.fail(new SluiceError('no_media'));
  await waitFor(() => sender.sent.length === 4);
  assert.equal(
    sender.sent.map(({ url }) => url),
    ['u1', 'u2', 'u3', 'u4'],
  );
  assert.equal(lookups.list[1]!.status, {
    phase: 'failed',
    error: { code: 'no_media', message: new SluiceError('no_media').message },
  });
});

test('a lookup keeps the page beside its items, and the page of one that found nothing', async () => {
  const sender = new ManualSender();
  const lookups = new Lookups(sender.send);
  lookups.start(addresses('u1', 'u2', 'u3'), null);
  const [full, empty, file] = lookups.list;
  const page = { url: 'u1', title: 'T', ext: 'html', bytes: 7 };
  sender.sent[0]!.done({ engine: 'http', items: [item('1')], page, next: '2' });
  sender.sent[1]!.fail(new SluiceError('no_media', undefined, { page }));
  sender.sent[2]!.done({ engine: 'http', items: [item('1')] });
  await waitFor(() => lookups.list.every(({ status }) => status.phase !== 'running'));
  assert.equal([full?.page, empty?.page, file?.page], [page, page, null]);
  const more = lookups.more(full!);
  sender.sent[3]!.done({ engine: 'http', items: [item('2')] });
  assert.is(await more, true);
  assert.equal([full?.page, full?.items.length], [page, 2]);
});

test('an address without a scheme is sent as it was typed, also when it is looked up again', () => {
  const sender = new ManualSender();
  const lookups = new Lookups(sender.send);
  const {
    addresses: [bare],
  } = readAddresses('nas.example/video');
  lookups.start([bare!], null);
  readAddresses('https://nas.example/video');
  lookups.start([lookups.list[0]!], null);
  assert.equal(
    sender.sent.map(({ url }) => url),
    ['nas.example/video', 'nas.example/video'],
  );
  assert.is(lookups.list[0]!.url, 'https://nas.example/video');
});

test('`cancelRunning` dismisses running lookups and keeps finished ones', async () => {
  const sender = new ManualSender();
  const lookups = new Lookups(sender.send);
  lookups.start(addresses('u1', 'u2', 'u3', 'u4', 'u5'), null);
  sender.sent[0]!.done({ engine: 'http', items: [] });
  await waitFor(() => lookups.list[0]!.status.phase === 'done');
  assert.is(lookups.cancelRunning(), true);
  assert.equal(
    lookups.list.map(({ url }) => url),
    ['u1'],
  );
  assert.is(lookups.cancelRunning(), false);
  lookups.start(addresses('u6'), null);
  await waitFor(() => sender.sent.some(({ url }) => url === 'u6'));
  assert.ok(!sender.sent.some(({ url }) => url === 'u5'));
});

test('`dismissAll` aborts running lookups and starts none of the waiting ones', async () => {
  const sender = new ManualSender();
  const lookups = new Lookups(sender.send);
  lookups.start(addresses('u1', 'u2', 'u3', 'u4'), null);
  lookups.dismissAll();
  assert.equal(lookups.list, []);
  assert.ok(sender.sent.every(({ options }) => options.signal?.aborted));
  lookups.start(addresses('u5'), null);
  await waitFor(() => sender.sent.some(({ url }) => url === 'u5'));
  assert.ok(!sender.sent.some(({ url }) => url === 'u4'));
});

test('looking an address up again replaces the first lookup', () => {
  const sender = new ManualSender();
  const lookups = new Lookups(sender.send);
  lookups.start(addresses('u1', 'u2'), null);
  lookups.start(addresses('u1'), 'yt-dlp');
  assert.equal(
    lookups.list.map(({ url, engine }) => [url, engine]),
    [
      ['u1', 'yt-dlp'],
      ['u2', null],
    ],
  );
});

test('the default stream is that of the engine, else the first, else null', () => {
  const stream = (id: string, isDefault: boolean) => ({
    id,
    quality: id,
    bytes: null,
    ext: 'mp4',
    isDefault,
  });
  assert.is(defaultStream(item('1', [stream('a', false), stream('b', true)]))?.id, 'b');
  assert.is(defaultStream(item('1', [stream('a', false)]))?.id, 'a');
  assert.is(defaultStream(item('1')), null);
});

test('pages of a list follow each other, with ids that are unique over all of them, until the last', async () => {
  const sender = new ManualSender();
  const lookups = new Lookups(sender.send);
  lookups.start(addresses('http://a.test/'), null);
  const lookup = lookups.list[0]!;
  assert.is(await lookups.more(lookup), false);
  sender.sent[0]!.done({ engine: 'yt-dlp', items: [item('1'), item('2')], next: 'c1', total: 5 });
  await waitFor(() => lookup.status.phase === 'done');
  const all = lookups.all(lookup);
  assert.is(lookup.isLoadingMore, true);
  const joined = lookups.more(lookup);
  assert.is(sender.sent.length, 2, 'one page at a time');
  assert.equal(sender.sent[1]!.fields, { url: 'http://a.test/', engine: 'yt-dlp', cursor: 'c1' });
  sender.sent[1]!.done({ engine: 'yt-dlp', items: [item('2'), item('3')], next: 'c2', truncated: true });
  await waitFor(() => sender.sent.length === 3);
  assert.is(await joined, true);
  sender.sent[2]!.done({ engine: 'yt-dlp', items: [item('1')] });
  assert.is(await all, true);
  assert.is(lookup.isLoadingMore, false);
  const ids = lookup.items.map(({ id }) => id);
  assert.equal(ids.slice(0, 2), ['1', '2']);
  assert.is(new Set(ids).size, 5, ids.join());
  assert.equal(lookup.status, { phase: 'done', engine: 'yt-dlp', truncated: true, next: null, total: 5 });
});

test('all pages of a list can be had while its next one is on its way', async () => {
  const sender = new ManualSender();
  const lookups = new Lookups(sender.send);
  lookups.start(addresses('http://a.test/'), null);
  const lookup = lookups.list[0]!;
  sender.sent[0]!.done({ engine: 'yt-dlp', items: [item('1')], next: 'c1' });
  await waitFor(() => lookup.status.phase === 'done');
  const more = lookups.more(lookup);
  const all = lookups.all(lookup);
  sender.sent[1]!.done({ engine: 'yt-dlp', items: [item('2')], next: 'c2' });
  await waitFor(() => sender.sent.length === 3);
  sender.sent[2]!.done({ engine: 'yt-dlp', items: [item('3')] });
  assert.equal([await more, await all, lookup.items.length, sender.sent.length], [true, true, 3, 3]);
});

test('a page that does not come leaves what is there, says why, and can be asked for again', async () => {
  const sender = new ManualSender();
  const lookups = new Lookups(sender.send);
  lookups.start(addresses('http://a.test/'), null);
  const lookup = lookups.list[0]!;
  sender.sent[0]!.done({ engine: 'yt-dlp', items: [item('1')], next: 'c1' });
  await waitFor(() => lookup.status.phase === 'done');
  const all = lookups.all(lookup);
  sender.sent[1]!.fail(new SluiceError('remote_busy'));
  assert.is(await all, false);
  assert.is(lookup.moreError?.code, 'remote_busy');
  const again = lookups.more(lookup);
  assert.is(lookup.moreError, null);
  sender.sent[2]!.done({ engine: 'yt-dlp', items: [item('2')] });
  assert.is(await again, true);
  assert.is(lookup.items.length, 2);
});

test.run();
