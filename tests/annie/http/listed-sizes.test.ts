import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createListedSizes } from '#lib/annie/http/listed-sizes.ts';
import type { Version } from '#lib/annie/http/head.ts';

const version = (totalBytes: number): Version => ({
  validators: { etag: '"v1"', lastModified: null, ifRange: '"v1"' },
  totalBytes,
});
const url = 'http://site.example/a.mp4';

test('what a look-up found is known for ten minutes, or until the next one', () => {
  const listed = createListedSizes();
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
  const listed = createListedSizes();
  for (let n = 0; n < 501; n++) listed.record(`${url}?${n}`, version(n), 0);
  assert.equal(listed.get(`${url}?0`, 0), []);
  assert.equal(listed.get(`${url}?1`, 0), [version(1)]);
  assert.equal(listed.get(`${url}?500`, 0), [version(500)]);
});

test.run();
