import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MediaItem } from '#lib/protocol/media.ts';
import { UniqueIds } from '#lib/protocol/unique-ids.ts';

const stream = (id: string): MediaItem['streams'][number] => {
  return { id, quality: 'q', bytes: null, ext: 'mp4', isDefault: false };
};
const item = (id: string, streams: string[] = []): MediaItem => {
  return { id, url: 'u', site: 's', title: 't', type: 'video', streams: streams.map(stream) };
};
const idsOf = (...ids: string[]): string[] =>
  new UniqueIds().assign(ids.map((id) => item(id))).map(({ id }) => id);

test('any ids become unique, the same each time, and those that are unique stay', () => {
  const words = fc.constantFrom('', 'a', 'b', 'a#2', '#1', '#2', 'a#2#2');
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string())), (ids) => {
      const unique = idsOf(...ids);
      assert.is(new Set(unique).size, ids.length, unique.join());
      assert.not(unique.includes(''));
      assert.equal(idsOf(...ids), unique);
    }),
  );
  assert.equal(idsOf('x', 'y'), ['x', 'y']);
});

test('a stream whose id came before in its item is left out', () => {
  const [found] = new UniqueIds().assign([item('x', ['1', '2', '1'])]);
  assert.equal(
    found?.streams.map(({ id }) => id),
    ['1', '2'],
  );
});

test.run();
