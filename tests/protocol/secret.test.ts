import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkSecretName, readSecretBody } from '#lib/protocol/secret.ts';
import { SluiceError } from '#lib/protocol/error.ts';

const BASIC = { site: 'https://host.example/films?x', kind: 'basic', username: 'jo', password: 'S3cr3t' };
const HEADER = { site: 'http://nas:8080', kind: 'header', header: 'X-Api-Key', value: 'S3cr3t' };

test('a sign-in is for the origin of the address that is given', () => {
  assert.equal(readSecretBody(JSON.stringify(BASIC)), {
    site: 'https://host.example',
    signIn: { kind: 'basic', username: 'jo', password: 'S3cr3t' },
  });
  assert.is(readSecretBody(JSON.stringify(HEADER)).site, 'http://nas:8080');
  assert.is(readSecretBody(JSON.stringify({ ...BASIC, site: 'Host.Example' })).site, 'https://host.example');
});

test('what cannot be sent is refused, and no message holds the value', () => {
  for (const body of [
    'S3cr3t',
    '"S3cr3t"',
    JSON.stringify({ ...BASIC, kind: 'S3cr3t' }),
    JSON.stringify({ ...BASIC, more: 'S3cr3t' }),
    JSON.stringify({ ...BASIC, S3cr3t: 1 }),
    JSON.stringify({ ...BASIC, password: 'S3cr3t\r\nX: y' }),
    JSON.stringify({ ...BASIC, password: ['S3cr3t'] }),
    JSON.stringify({ ...BASIC, username: 'S3cr3t:x' }),
    JSON.stringify({ ...BASIC, site: 'https://jo:S3cr3t@host.example' }),
    JSON.stringify({ ...BASIC, site: 'ftp://S3cr3t' }),
    JSON.stringify({ ...HEADER, value: 'S3cr3t\nX: y' }),
    JSON.stringify({ ...HEADER, value: '' }),
    JSON.stringify({ ...HEADER, value: 'S3cr3t'.repeat(1000) }),
    ...['Host', 'cookie', 'Content-Length', 'Range', 'Proxy-Authorization', 'S3cr3t: x', ''].map((header) =>
      JSON.stringify({ ...HEADER, header }),
    ),
  ]) {
    try {
      readSecretBody(body);
      assert.unreachable(body);
    } catch (thrown) {
      assert.instance(thrown, SluiceError);
      assert.match((thrown as SluiceError).code, /^invalid_/);
      assert.not.match((thrown as SluiceError).message, 'S3cr3t');
    }
  }
});

test('names are short and plain', () => {
  for (const name of ['a', 'my-nas.2', 'A'.repeat(64)]) assert.is(checkSecretName(name), name);
  for (const name of ['', '-a', '.a', 'a b', 'a/b', 'ä', 'A'.repeat(65), '%41'])
    assert.throws(() => checkSecretName(name), /A name has/);
});

test.run();
