import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite, test } from 'uvu';
import * as assert from 'uvu/assert';
import { authenticate, claimsFromCookies } from '#lib/channel/credentials.ts';
import { readCookies, sessionCookie } from '#lib/channel/cookie.ts';
import { Tokens } from '#lib/channel/token.ts';
import { loadTokenKey } from '#lib/channel/token-key.server.ts';

const tokens = new Tokens(new Uint8Array(32).fill(7));

test('a verified token gives its session and nonce', () => {
  const { token, session, nonce } = tokens.issue();
  assert.equal(tokens.verify(token), { session, nonce, token });
});

test('a session can have several tokens, with different nonces', () => {
  const first = tokens.issue();
  const second = tokens.issue(first.session);
  assert.is(second.session, first.session);
  assert.is.not(second.nonce, first.nonce);
  assert.is(tokens.verify(second.token)?.session, first.session);
});

test('a token of another key is refused', () => {
  assert.is(new Tokens(new Uint8Array(32).fill(8)).verify(tokens.issue().token), null);
});

test('no token with any one character changed is accepted', () => {
  const { token } = tokens.issue();
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=';
  for (let at = 0; at < token.length; at++) {
    for (const character of alphabet) {
      const other = token.slice(0, at) + character + token.slice(at + 1);
      if (other !== token) assert.is(tokens.verify(other), null, other);
    }
  }
});

test('junk is refused and never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => tokens.verify(text) === null),
  );
});

test('a bearer token takes precedence over cookies, even when it is invalid', () => {
  const cookie = `sluice_session=${tokens.issue().token}`;
  const { token, session } = tokens.issue();
  assert.is(authenticate(tokens, { authorization: `Bearer ${token}`, cookie }).session, session);
  assert.throws(
    () => authenticate(tokens, { authorization: 'Bearer nonsense', cookie }),
    (error: { code?: string }) => error.code === 'unauthorized',
  );
});

test('the valid cookie is found after a planted one of the same name', () => {
  const { token, session } = tokens.issue();
  assert.is(
    claimsFromCookies(tokens, `a=b; sluice_session=planted; sluice_session=${token}`)?.session,
    session,
  );
  assert.is(claimsFromCookies(tokens, 'sluice_session=planted'), null);
  assert.is(claimsFromCookies(tokens, undefined), null);
});

test('of two valid cookies the one of the shorter path is used, which browsers send last', () => {
  const [planted, ours] = [tokens.issue(), tokens.issue()];
  const cookie = `sluice_session=${planted.token}; sluice_session=${ours.token}`;
  assert.is(claimsFromCookies(tokens, cookie)?.session, ours.session);
});

test('cookies are matched by their whole name', () => {
  assert.equal(readCookies('xsluice=1;sluice=2; sluice =3; sluice', 'sluice'), ['2', '3']);
});

test('the cookie is HttpOnly and SameSite=Lax, and Secure with the __Host- prefix over https', () => {
  const cookie = sessionCookie('TOKEN', false);
  assert.match(cookie, /^sluice_session=TOKEN; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
  assert.match(
    sessionCookie('TOKEN', true),
    /^__Host-sluice_session=TOKEN; Path=\/; .*; SameSite=Lax; Secure$/,
  );
});

test.run();

const keys = suite<{ dir: string }>('key', { dir: '' });
keys.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'sluice-key-'));
});
keys.after.each(({ dir }) => rmSync(dir, { recursive: true }));

keys('the key is created once, readable by its owner only, and kept', ({ dir }) => {
  const key = loadTokenKey(dir);
  assert.is(key.length, 32);
  assert.is(statSync(join(dir, 'token.key')).mode & 0o777, 0o600);
  assert.equal(readdirSync(dir), ['token.key']);
  assert.equal(Buffer.from(loadTokenKey(dir)), Buffer.from(key));
});

keys('a damaged key stops the start and is left as it is', ({ dir }) => {
  writeFileSync(join(dir, 'token.key'), 'short');
  assert.throws(() => loadTokenKey(dir), /token\.key is not a key/);
  assert.is(readFileSync(join(dir, 'token.key'), 'utf8'), 'short');
});

keys.run();
