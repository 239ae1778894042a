import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as fc from 'fast-check';
import { SluiceError } from '#lib/protocol/error.ts';
import { checkUrl, MAX_URL_BYTES } from '#lib/protocol/url.ts';

function codeOf(text: string): string {
  try {
    return checkUrl(text).href;
  } catch (error) {
    return error instanceof SluiceError ? error.code : String(error);
  }
}

test('web addresses pass, trimmed and normalised', () => {
  assert.is(codeOf(' https://Example.com/a b '), 'https://example.com/a%20b');
  assert.is(codeOf('http://0x7f.1/'), 'http://127.0.0.1/');
});

test('text that is not an address is invalid_url', () => {
  for (const text of [
    '',
    'x',
    '--exec=id',
    'http://',
    'http://a b/',
    'ht\ntp://x/',
    'http://x/\0',
    'http://u:p@x/',
    'http://u@x/',
  ]) {
    assert.is(codeOf(text), 'invalid_url', JSON.stringify(text));
  }
});

test('other schemes are unsupported_scheme', () => {
  for (const text of ['file:///etc/passwd', 'ftp://x/', 'javascript:alert(1)', 'data:,x', 'rtmp://x/y']) {
    assert.is(codeOf(text), 'unsupported_scheme', text);
  }
});

test('the limit is 8,192 bytes, as typed and as normalised', () => {
  const fits = 'http://x/'.padEnd(MAX_URL_BYTES, 'a');
  assert.is(codeOf(fits), fits);
  assert.is(codeOf(`${fits}a`), 'url_too_long');
  assert.is(codeOf(`http://x/${'é'.repeat(4095)}`), 'url_too_long');
  assert.is(codeOf(`http://x/${'é'.repeat(2000)}`), 'url_too_long');
});

test('any text is an http or https address or is refused with a code', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webUrl()), (text) => /^(https?:\/\/|[a-z_]+$)/.test(codeOf(text))),
  );
});

test.run();
