import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SiteSignIn, StoredSecret } from '#lib/protocol/secret.ts';
import { SecretBox } from '#lib/secrets/secret-box.ts';
import { SecretKeyFile } from '#lib/secrets/secret-key.server.ts';
import { ListSignIns } from '#lib/secrets/sign-ins.ts';
import { codeOf } from '../support/thrown-code.ts';

const boxOf = (key: Uint8Array | null) =>
  new SecretBox({ read: () => key, readOrMake: () => key ?? new Uint8Array(32) });
const box = boxOf(randomBytes(32));
const PLACE = { session: 'aaaaaaaaaaaaaaaa', name: 'mine', site: 'https://host.example' };
const SIGN_IN: SiteSignIn = { kind: 'basic', username: 'jo', password: 'S3cr3t-Größe' };

let dir: string;
test.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-secret-'));
});
test.after.each(() => rmSync(dir, { recursive: true, force: true }));

test('what was sealed opens in its place, and never seals to the same text', () => {
  const sealed = box.seal(PLACE, SIGN_IN);
  assert.equal(box.open(PLACE, sealed), SIGN_IN);
  assert.is.not(box.seal(PLACE, SIGN_IN), sealed);
  assert.not.match(Buffer.from(sealed.slice(3), 'base64url').toString('latin1'), 'S3cr3t');
});

test('it opens in no other list, under no other name, for no other site and with no other key', () => {
  const sealed = box.seal(PLACE, SIGN_IN);
  for (const place of [
    { ...PLACE, session: 'bbbbbbbbbbbbbbbb' },
    { ...PLACE, name: 'other' },
    { ...PLACE, site: 'https://evil.example' },
    { ...PLACE, site: 'http://host.example' },
  ]) {
    assert.is(
      codeOf(() => box.open(place, sealed)),
      'secret_unreadable',
    );
    assert.is(box.canOpen(place, sealed), false);
  }
  for (const other of [boxOf(randomBytes(32)), boxOf(null)])
    assert.is(
      codeOf(() => other.open(PLACE, sealed)),
      'secret_unreadable',
    );
});

test('whatever is changed in it, it does not open', () => {
  const sealed = box.seal(PLACE, SIGN_IN);
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
    // Of the last character some bits are not used.
    if (at < sealed.length - 1) assert.not(box.canOpen(PLACE, changed), String(at));
  }
  for (const cut of ['', 'v1', 'v1.', 'v1.AAAA', sealed.slice(0, -4), `v2${sealed.slice(2)}`])
    assert.not(box.canOpen(PLACE, cut));
});

test('a sign-in goes to its origin alone, and of two for one header the newest', () => {
  const entry = (
    name: string,
    site: string,
    updatedAt: number,
    signIn: SiteSignIn,
  ): [string, StoredSecret] => [
    name,
    { site, updatedAt, sealed: box.seal({ ...PLACE, name, site }, signIn) },
  ];
  const signIns = new ListSignIns(box, PLACE.session, [
    entry('b', PLACE.site, 2, { kind: 'basic', username: 'new', password: 'p' }),
    entry('a', PLACE.site, 1, { kind: 'basic', username: 'old', password: 'p' }),
    entry('c', PLACE.site, 1, { kind: 'header', header: 'X-Api-Key', value: 'k' }),
    entry('d', 'https://other.example:8443', 1, { kind: 'header', header: 'X-Api-Key', value: 'other' }),
  ]);
  const of = (url: string) => signIns.headersFor(new URL(url));
  const own = { authorization: `Basic ${Buffer.from('new:p').toString('base64')}`, 'x-api-key': 'k' };
  assert.equal(of('https://host.example/a?b'), own);
  assert.equal(of('https://host.example:443/'), own);
  assert.equal(of('https://other.example:8443/'), { 'x-api-key': 'other' });
  for (const url of [
    'http://host.example/',
    'https://host.example:8443/',
    'https://www.host.example/',
    'https://host.example.evil.example/',
    'https://other.example/',
  ])
    assert.equal(of(url), {}, url);
});

test('the key is made with the first secret, for its owner alone, and stays', () => {
  const path = join(dir, 'secret.key');
  const file = new SecretKeyFile(path);
  assert.is(file.read(), null);
  const sealed = new SecretBox(file).seal(PLACE, SIGN_IN);
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.is(readFileSync(path).length, 32);
  assert.equal(new SecretBox(new SecretKeyFile(path)).open(PLACE, sealed), SIGN_IN);
});

test('a key that was lost is replaced by the next secret; a file that is none is left as it is', () => {
  const path = join(dir, 'secret.key');
  const sealed = new SecretBox(new SecretKeyFile(path)).seal(PLACE, SIGN_IN);
  rmSync(path);
  const after = new SecretBox(new SecretKeyFile(path));
  assert.not(after.canOpen(PLACE, sealed));
  assert.ok(after.canOpen(PLACE, after.seal(PLACE, SIGN_IN)));
  assert.not(after.canOpen(PLACE, sealed));
  writeFileSync(path, 'not a key');
  assert.is(new SecretKeyFile(path).read(), null);
  const broken = new SecretBox(new SecretKeyFile(path));
  assert.not(broken.canOpen(PLACE, sealed));
  assert.is(
    codeOf(() => broken.seal(PLACE, SIGN_IN)),
    'secret_key_unusable',
  );
  assert.is(readFileSync(path, 'utf8'), 'not a key');
  // What kept it from being read is of use where it is a failure of the disk alone.
  assert.throws(
    () => broken.seal(PLACE, SIGN_IN),
    ({ cause }: Error) => cause === undefined,
  );
  assert.throws(
    () => new SecretBox(new SecretKeyFile(dir)).seal(PLACE, SIGN_IN),
    ({ cause }: Error) => /EISDIR/.test(String(cause)),
  );
});

test('a key that cannot be written is said with a code', () => {
  chmodSync(dir, 0o700);
  const nowhere = new SecretBox(new SecretKeyFile(join(dir, 'no', 'such', 'folder', 'secret.key')));
  assert.is(
    codeOf(() => nowhere.seal(PLACE, SIGN_IN)),
    'secret_key_unusable',
  );
});

test.run();
