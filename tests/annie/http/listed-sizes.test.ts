import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ListedSizes } from '#lib/annie/http/memory/listed-sizes.ts';
import type { Version } from '#lib/annie/http/head/head.ts';

const version = (totalBytes: number): Version => ({
  validators: { etag: '"v1"', lastModified: null, ifRange: '"v1"' },
  totalBytes,
});
let session = 'one';
const url = 'http://site.example/a.mp4';

test('what a look-up found is known for ten minutes, or until the next one', () => {
  const listed = new ListedSizes(() => session);
  assert.equal(listed.get(url, 0), []);
  listed.record(url, version(5), 0);
  assert.equal(listed.get(url, 599_999), [version(5)]);
  assert.equal(listed.get(url, 600_000), []);
  listed.record(url, version(6), 1000);
  assert.equal(listed.get(url, 1000), [version(6)]);
  listed.record(url, null, 1000);
  assert.equal(listed.get(url, 1000), []);
});

test('only the latest 500 addresses are known', () => {
  const listed = new ListedSizes(() => session);
  for (let n = 0; n < 501; n++) listed.record(`${url}?${n}`, version(n), 0);
  assert.equal(listed.get(`${url}?0`, 0), []);
  assert.equal(listed.get(`${url}?1`, 0), [version(1)]);
  assert.equal(listed.get(`${url}?500`, 0), [version(500)]);
});

test("what one session lists neither is another one's nor makes it be forgotten", () => {
  const listed = new ListedSizes(() => session);
  listed.record(url, version(5), 0);
  session = 'other';
  assert.equal(listed.get(url, 0), []);
  for (let n = 0; n < 600; n++) listed.record(`${url}?${n}`, version(n), 0);
  session = 'one';
  assert.equal(listed.get(url, 0), [version(5)]);
});

test.run();
