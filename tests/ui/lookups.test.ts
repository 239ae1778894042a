import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Channel } from '#lib/channel/client/channel.ts';
import type { SendOptions } from '#lib/channel/client/pending-commands.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import type { MediaItem, ParseResult } from '#lib/protocol/media.ts';
import { waitFor } from '../support/wait.ts';
import './svelte-modules.ts';

const { Lookups, defaultStream } = await import('#lib/ui/state/lookups.svelte.ts');

function item(id: string, streams: MediaItem['streams'] = []): MediaItem {
  return { id, url: `http://a.test/${id}`, site: 'a.test', title: id, type: 'video', streams };
}

/** Answers when a test says so. */
class Desk {
  asked: {
    url: string;
    options: SendOptions;
    done: (result: ParseResult) => void;
    fail: (e: Error) => void;
  }[] = [];

  send = ((_name: string, { url }: { url: string }, options: SendOptions) =>
    new Promise<ParseResult>((done, fail) => {
      options.signal?.addEventListener('abort', () => fail(options.signal?.reason as Error));
      this.asked.push({ url, options, done, fail });
    })) as unknown as Channel['send'];
}

test('items appear as they are found, each once, and the answer has the last word', async () => {
  const desk = new Desk();
  const lookups = new Lookups(desk.send);
  lookups.start(['http://a.test/'], null);
  const [lookup] = lookups.list;
  desk.asked[0]!.options.onItems?.([item('1'), item('2')]);
  // After a reconnect the server begins again.
  desk.asked[0]!.options.onItems?.([item('1'), item('3')]);
  assert.equal(
    lookup!.items.map(({ id }) => id),
    ['1', '2', '3'],
  );
  desk.asked[0]!.done({ engine: 'http', items: [item('1')] });
  await waitFor(() => lookup!.status.phase === 'done');
  assert.is(lookup!.items.length, 1);
});

test('many addresses are looked up a few at a time, in order, and one that fails frees its place', async () => {
  const desk = new Desk();
  const lookups = new Lookups(desk.send);
  lookups.start(['u1', 'u2', 'u3', 'u4', 'u5'], null);
  assert.is(desk.asked.length, 3);
  desk.asked[1]!.fail(new SluiceError('no_media'));
  await waitFor(() => desk.asked.length === 4);
  assert.equal(
    desk.asked.map(({ url }) => url),
    ['u1', 'u2', 'u3', 'u4'],
  );
  assert.equal(lookups.list[1]!.status, {
    phase: 'failed',
    error: { code: 'no_media', message: new SluiceError('no_media').message },
  });
});

test('escape takes what is running off the page and leaves what was found', async () => {
  const desk = new Desk();
  const lookups = new Lookups(desk.send);
  lookups.start(['u1', 'u2', 'u3', 'u4', 'u5'], null);
  desk.asked[0]!.done({ engine: 'http', items: [] });
  await waitFor(() => lookups.list[0]!.status.phase === 'done');
  assert.is(lookups.cancelRunning(), true);
  assert.equal(
    lookups.list.map(({ url }) => url),
    ['u1'],
  );
  assert.is(lookups.cancelRunning(), false);
  lookups.start(['u6'], null);
  await waitFor(() => desk.asked.some(({ url }) => url === 'u6'));
  assert.ok(!desk.asked.some(({ url }) => url === 'u5'));
});

test('putting all away ends what runs and looks up nothing of what waited', async () => {
  const desk = new Desk();
  const lookups = new Lookups(desk.send);
  lookups.start(['u1', 'u2', 'u3', 'u4'], null);
  lookups.dismissAll();
  assert.equal(lookups.list, []);
  assert.ok(desk.asked.every(({ options }) => options.signal?.aborted));
  lookups.start(['u5'], null);
  await waitFor(() => desk.asked.some(({ url }) => url === 'u5'));
  assert.ok(!desk.asked.some(({ url }) => url === 'u4'));
});

test('looking the same address up again replaces the first answer', () => {
  const desk = new Desk();
  const lookups = new Lookups(desk.send);
  lookups.start(['u1', 'u2'], null);
  lookups.start(['u1'], 'yt-dlp');
  assert.equal(
    lookups.list.map(({ url, engine }) => [url, engine]),
    [
      ['u1', 'yt-dlp'],
      ['u2', null],
    ],
  );
});

test('one button takes the default stream, else the first, else leaves it to the engine', () => {
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

test.run();
