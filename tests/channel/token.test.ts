import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite, test } from 'uvu';
import * as assert from 'uvu/assert';
import { authenticate, claimsFromCookies } from '#lib/channel/credentials.ts';
import { readCookies, removePlantedCookies, sessionCookie } from '#lib/channel/cookie.ts';
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
  assert.is(
    authenticate(tokens, { authorization: `Bearer ${token}`, cookie, isSecure: false }).session,
    session,
  );
  assert.throws(
    () => authenticate(tokens, { authorization: 'Bearer nonsense', cookie, isSecure: false }),
    (error: { code?: string }) => error.code === 'unauthorized',
  );
});

test('the valid cookie is found after a planted one of the same name', () => {
  const { token, session } = tokens.issue();
  assert.is(
    claimsFromCookies(tokens, `a=b; sluice_session=planted; sluice_session=${token}`, false)?.session,
    session,
  );
  assert.is(claimsFromCookies(tokens, 'sluice_session=planted', false), null);
  assert.is(claimsFromCookies(tokens, undefined, false), null);
});

test('of two valid cookies none counts, but one that is sent twice does', () => {
  const [planted, ours] = [tokens.issue().token, tokens.issue().token];
  for (const name of ['sluice_session', 'sluice_first'])
    for (const isSecure of [false, true]) {
      assert.throws(
        () => claimsFromCookies(tokens, `${name}=${planted}; ${name}=${ours}`, isSecure),
        (error: { code?: string }) => error.code === 'two_sessions',
      );
      const twice = `${name}=${ours}; ${name}=${ours}; ${name}=x`;
      assert.is(claimsFromCookies(tokens, twice, isSecure)?.token, ours);
    }
});

test('over https the prefixed cookie counts before all others, over http it is one like them', () => {
  const [planted, old, ours] = [tokens.issue().token, tokens.issue().token, tokens.issue().token];
  const cookie = `sluice_session=${planted}; sluice_session=${old}; __Host-sluice_session=${ours}`;
  assert.is(claimsFromCookies(tokens, cookie, true)?.token, ours);
  assert.throws(
    () => claimsFromCookies(tokens, `sluice_session=${old}; __Host-sluice_session=${ours}`, false),
    (error: { code?: string }) => error.code === 'two_sessions',
  );
  assert.is(claimsFromCookies(tokens, `__Host-sluice_session=${ours}`, false)?.token, ours);
  assert.is(claimsFromCookies(tokens, `sluice_session=${old}; __Host-sluice_session=x`, true)?.token, old);
});

test('what is removed beside our cookie is all that a longer path or a domain can have set, and never ours', () => {
  const places = (path: string, host?: string): string[] =>
    removePlantedCookies(path, host, true)
      .filter((line) => line.startsWith('sluice_session=; ') && line.endsWith('; Max-Age=0; HttpOnly'))
      .map((line) => line.slice('sluice_session=; '.length, -'; Max-Age=0; HttpOnly'.length));
  assert.equal(places('/api/sessions', '127.0.0.1:7373'), ['Path=/api', 'Path=/api/', 'Path=/api/sessions']);
  assert.equal(places('/', 'localhost:7373'), []);
  assert.equal(places('/', '[::1]:7373'), []);
  assert.equal(places('/', undefined), []);
  assert.equal(places('/', 'dl.example.org'), [
    'Domain=dl.example.org; Path=/',
    'Domain=example.org; Path=/',
  ]);
  assert.equal(places('/link', 'example.org:80'), [
    ...['Path=/link', 'Domain=example.org; Path=/', 'Domain=example.org; Path=/link'],
  ]);
  assert.is(places('/a/b/c/d/e/f/g', 'a.b.c.d.e.f').length < 40, true);
  assert.equal(places('/a\r\nb;c'), []);
  assert.equal(removePlantedCookies('/', 'localhost', false), [
    '__Host-sluice_session=; Path=/; Max-Age=0; HttpOnly; Secure',
    '__Host-sluice_first=; Path=/; Max-Age=0; HttpOnly; Secure',
  ]);
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
