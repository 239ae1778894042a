import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readAddresses, wrongAddresses } from '#lib/ui/add/addresses.ts';
import { oddTexts, tooSteep } from '../support/scaling.ts';

const urls = (text: string) => readAddresses(text).addresses.map(({ url }) => url);

test('addresses may be on one line or on several; each is listed once, in order', () => {
  assert.equal(urls('https://a.test/1\nhttps://b.test/2 https://a.test/1\r\n\thttp://c.test'), [
    'https://a.test/1',
    'https://b.test/2',
    'http://c.test',
  ]);
});

test('a sentence with a link in it gives the link', () => {
  assert.equal(urls('look at (https://a.test/x), it is good'), ['https://a.test/x']);
  assert.equal(urls('看这个:https://a.test/视频。'), ['https://a.test/视频']);
  assert.equal(urls('<https://a.test/x>'), ['https://a.test/x']);
  assert.equal(urls('https://a.test/wiki/Sluice_(gate)'), ['https://a.test/wiki/Sluice_(gate)']);
});

test('an address without a scheme becomes https', () => {
  assert.equal(urls('example.org/video?v=1'), ['https://example.org/video?v=1']);
  assert.equal(urls('localhost:8080/x'), ['https://localhost:8080/x']);
});

test('an address without a scheme is sent as it was typed, and one with a scheme too', () => {
  const { addresses } = readAddresses('nas.example/video https://b.example/x');
  assert.equal(addresses, [
    { url: 'https://nas.example/video', typed: 'nas.example/video' },
    { url: 'https://b.example/x', typed: 'https://b.example/x' },
  ]);
});

test('text without an address is rejected with its first word', () => {
  assert.equal(readAddresses('file:///etc/passwd'), { addresses: [], rejected: 'file:///etc/passwd' });
  assert.equal(readAddresses('--exec=x y'), { addresses: [], rejected: '--exec=x' });
  assert.equal(readAddresses('javascript:alert(1)'), { addresses: [], rejected: 'javascript:alert(1)' });
  assert.equal(readAddresses(' \n '), { addresses: [], rejected: null });
});

test('a word in the place of an address that is not one is wrong', () => {
  const list =
    'htp://bad/one.bin\nftp://x.org/file.zip\r\nhttps://a.test/ok\n  notanaddress\nftp://x.org/file.zip';
  assert.equal(wrongAddresses(list), ['htp://bad/one.bin', 'ftp://x.org/file.zip', 'notanaddress']);
  assert.equal(wrongAddresses('get ftp://x.org/a or https://a.test/b'), ['ftp://x.org/a']);
  assert.equal(wrongAddresses('https://'), ['https://']);
});

test('the prose around links is not wrong', () => {
  assert.equal(wrongAddresses('look at (https://a.test/x), it is good\n\n---\nand b.test/y'), []);
  assert.equal(wrongAddresses('好看的视频，推荐\nhttps://a.test/x'), []);
});

test('no word is both an address and wrong', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.webUrl()), (text) => {
      for (const word of wrongAddresses(text)) assert.equal(urls(word), []);
    }),
  );
});

test('every address found in any text parses as http or https', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.webUrl()), (text) => {
      for (const url of urls(text)) assert.match(new URL(url).protocol, /^https?:$/);
    }),
  );
});

test('odd text of twice the length takes at most three times the CPU', () => {
  const words = [
    ...`"'>].,;!(-/:#?@%`,
    'a',
    'a.',
    'http://',
    'https://a.test/',
    ' ',
    '\n',
    '\u3002',
    '\u4e00',
  ];
  const texts = [...oddTexts(words, { seed: 5, count: 8 })];
  for (const read of [readAddresses, wrongAddresses]) assert.equal(tooSteep(texts, read, 20_000), []);
});

test.run();
