import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesOfDataUrl, isDataUrl } from '#lib/annie/http/hls/data-url.ts';
import { growthOf, MOST, repeated } from '../../support/scaling.ts';
import { codeOf } from './kit.ts';

for (const [url, text] of [
  ['data:,a%20b,c', 'a b,c'],
  ['DATA:text/plain,x#y', 'x'],
  ['data:text/plain;charset=utf-8;base64,YWJj', 'abc'],
  ['data:;base64,YWJj', 'abc'],
  ['data:x; base64 ,YW%4Aj', 'abc'],
  ['data:text/base64,YWJj', 'YWJj'],
  ['data:,', ''],
] as const) {
  test(`the bytes in ${url}`, () => {
    assert.is(bytesOfDataUrl(url).toString('latin1'), text);
  });
}

test('a data address without a comma is none', async () => {
  for (const url of ['data:abc', 'data:abc#,x', 'http://a/,b'])
    assert.is(await codeOf(Promise.resolve().then(() => bytesOfDataUrl(url))), 'invalid_manifest');
  assert.is(isDataUrl('http://a/'), false);
});

test('twice as many blanks in a data address take at most three times the CPU', () => {
  const growth = growthOf((size) => {
    const text = `data:;${repeated(' ', size)}x;${repeated(' ', size)}`;
    return () => bytesOfDataUrl(text);
  }, 50_000);
  assert.ok(growth <= MOST, `${growth.toFixed(1)} times`);
});

test.run();
