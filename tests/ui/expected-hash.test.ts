import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readExpectedHash } from '#lib/ui/lookup/expected-hash.ts';

const HEX = '0123456789abcdef'.repeat(4);

test('a hash is found in all forms in which pages publish it, and lower-cased', () => {
  for (const text of [
    HEX,
    ` ${HEX}\n`,
    HEX.toUpperCase(),
    `${HEX}  debian-13.iso`,
    `${HEX} *debian-13.iso`,
    `sha256:${HEX}`,
    `SHA256 (debian-13.iso) = ${HEX}`,
    `${HEX} ${HEX.toUpperCase()}`,
  ]) {
    assert.equal(readExpectedHash(text), { kind: 'hash', sha256: HEX }, text);
  }
});

test('an empty field expects nothing', () => {
  for (const text of ['', ' \n']) assert.equal(readExpectedHash(text), { kind: 'none' });
});

test('text without exactly one hash of 64 digits is wrong', () => {
  const other = HEX.replaceAll('0', '1');
  for (const text of [
    HEX.slice(1),
    `${HEX}0`,
    `${HEX}${HEX}`,
    `g${HEX.slice(1)}`,
    'no',
    `${HEX}\n${other}`,
  ]) {
    assert.equal(readExpectedHash(text), { kind: 'wrong' }, text);
  }
});

test.run();
