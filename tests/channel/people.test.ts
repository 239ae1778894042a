/** Passwords, limits of tries, and proxies that say who it is. */
import { scryptSync } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KnownBrowsers } from '#lib/channel/people/known-browsers.ts';
import { Passwords } from '#lib/channel/people/passwords.ts';
import { parseProxies, ProxyUser } from '#lib/channel/people/proxy-user.ts';
import { SignInLimits } from '#lib/channel/people/sign-in-limits.ts';
import { AdmittedTokens } from '#lib/channel/admitted-tokens.ts';
import type { SluiceError } from '#lib/protocol/error.ts';
import { LOCAL, Quota } from '#lib/quota/quota.ts';
import { codeOf } from '../support/thrown-code.ts';

test('a password is right in either form of its letters, and nothing else is', async () => {
  const passwords = new Passwords();
  const stored = await passwords.hash('caf\u00e9 au lait', LOCAL);
  assert.match(stored, /^scrypt\.32768\.8\.3\.[\w-]{22}\.[\w-]{43}$/);
  assert.is.not(await passwords.hash('caf\u00e9 au lait', LOCAL), stored, 'another salt');
  assert.is(await passwords.verify('cafe\u0301 au lait', stored, LOCAL), true);
  assert.is(await passwords.verify('cafe au lait', stored, LOCAL), false);
  assert.is(await passwords.verify('', null, LOCAL), false);
  // As another version may have made it.
  const salt = Buffer.alloc(16, 1);
  const other = scryptSync('au lait', salt, 32, { N: 1024, r: 16, p: 1 }).toString('base64url');
  const made = `scrypt.1024.16.1.${salt.toString('base64url')}.${other}`;
  assert.equal(
    [await passwords.verify('au lait', made, LOCAL), await passwords.verify('x', made, LOCAL)],
    [true, false],
  );
  assert.is(await passwords.verify('x', 'nonsense', LOCAL), false);
});

test('few wait for a hash at a time, of one address fewer', async () => {
  const passwords = new Passwords();
  const codes: string[] = [];
  const ask = (owner: string) =>
    passwords.verify('x', null, owner).catch((error: SluiceError) => codes.push(error.code));
  const asked = [...Array.from({ length: 6 }, () => ask('a')), ask('b')];
  await Promise.all(asked);
  assert.equal(codes, ['too_many_requests', 'too_many_requests']);
});

test('wrong tries are limited by name from anywhere, and not where the right one came from', () => {
  let now = 0;
  const quota = new Quota({ now: () => now });
  const limits = new SignInLimits(quota, () => now);
  const guess = (owner: string, name = 'ann') => codeOf(() => limits.take(owner, name));
  limits.take('home', 'Ann')();
  const refused = Array.from({ length: 12 }, (_, n) => guess(`bot-${n}`)).filter(
    (code) => code !== 'no error',
  );
  assert.equal(refused, ['too_many_requests', 'too_many_requests']);
  assert.is(guess('home', 'ANN'), 'no error');
  now += 60_000;
  assert.equal([guess('bot'), guess('bot')], ['no error', 'too_many_requests'], 'one a minute');
  assert.is(guess(LOCAL), 'too_many_requests');
});

test('one address has so many tries under all names together, and right ones do not count', () => {
  const quota = new Quota({ now: () => 0 });
  const limits = new SignInLimits(quota, () => 0);
  for (let n = 0; n < 100; n++) limits.take('a', 'ann')();
  const tries = Array.from({ length: 40 }, (_, n) => codeOf(() => limits.take('a', `name-${n}`)));
  assert.is(tries.filter((code) => code === 'no error').length, 30);
});

const ANN = { id: 'a', name: 'Ann', isOwner: true, epoch: 0 };
const KEY = new Uint8Array(32).fill(1);
const tokens = new AdmittedTokens(KEY, () => ({ kind: 'browser', scope: 'full', person: ANN }), true);
const proxy = new ProxyUser(parseProxies('10.0.0.0/8, ::1'), 'remote-user');
const request = (remoteAddress: string, headers: Record<string, string>) => ({
  socket: { remoteAddress },
  headers,
});

test('a proxy names people from its own addresses alone', () => {
  assert.is(proxy.nameOf(request('10.1.2.3', { 'remote-user': 'Ann' })), 'Ann');
  assert.is(proxy.nameOf(request('::ffff:10.1.2.3', { 'remote-user': 'Zo\u00c3\u00ab' })), 'Zoë', 'in UTF-8');
  assert.is(proxy.nameOf(request('::1', { 'remote-user': '' })), null);
  assert.is(proxy.nameOf(request('192.0.2.1', {})), null);
  for (const address of ['192.0.2.1', '::2', '11.0.0.1', 'nonsense'])
    assert.is(
      codeOf(() => proxy.nameOf(request(address, { 'remote-user': 'Ann' }))),
      'proxy_refused',
    );
  assert.is(
    codeOf(() => proxy.nameOf(request('::1', { 'remote-user': '\u0007' }))),
    'invalid_request',
  );
  assert.throws(() => parseProxies('10.0.0.1, proxy.example'), /"proxy.example"/);
});

test('a cookie counts only with the header, and for the one it names', () => {
  const cookie = `sluice_session=${tokens.issueForDevice('list-of-sixteen1').token}`;
  const left = (address: string, headers: Record<string, string>) => {
    const asked = request(address, { cookie, ...headers });
    proxy.check(asked, { tokens, origins: { isSecure: () => false } });
    return asked.headers['cookie'] === cookie;
  };
  assert.is(left('::1', { 'remote-user': 'ann' }), true);
  assert.is(left('::1', { 'remote-user': 'Ben' }), false);
  assert.is(left('::1', {}), false);
  assert.is(left('192.0.2.1', {}), false);
});

test("what is in a browser's cookie is no bearer without the header, and the name comes once", () => {
  const programs = new AdmittedTokens(KEY, () => ({ kind: 'token', scope: 'full', person: ANN }), true);
  const { token } = tokens.issueForDevice('list-of-sixteen1');
  const asked = (of: AdmittedTokens, headers: Record<string, string>) =>
    codeOf(() =>
      proxy.check(request('::1', { authorization: `Bearer ${token}`, ...headers }), {
        tokens: of,
        origins: { isSecure: () => false },
      }),
    );
  assert.equal(
    [asked(tokens, {}), asked(tokens, { 'remote-user': 'Ben' }), asked(tokens, { 'remote-user': 'Ann' })],
    ['unauthorized', 'unauthorized', 'no error'],
  );
  assert.is(asked(programs, {}), 'no error', 'a program needs none');
  const rawHeaders = ['Host', 'remote-user', 'Remote-User', 'Ann'];
  const once = { ...request('::1', { 'remote-user': 'Ann' }), rawHeaders };
  assert.is(proxy.nameOf(once), 'Ann');
  const twice = { ...once, rawHeaders: [...rawHeaders, 'remote-user', 'Eve'] };
  assert.is(
    codeOf(() => proxy.nameOf(twice)),
    'proxy_refused',
  );
});

test('a browser in which somebody has signed in keeps limits of its own for that name, in its cookie', async () => {
  const known = new KnownBrowsers(KEY);
  const valueOf = (line: string) => line.split(';')[0] ?? '';
  const ann = valueOf(known.cookie(undefined, 'Ann', false));
  const both = valueOf(known.cookie(ann, 'Ben', false));
  const [browser, other] = [known.find(ann, 'ANN', false), known.find(ann, 'Ben', false)];
  assert.ok(browser !== null && other === null);
  assert.equal([known.find(both, 'Ann', false), known.find(both, 'Ben', false) === null], [browser, false]);
  assert.is(new KnownBrowsers(new Uint8Array(32)).find(ann, 'Ann', false), null, 'of another server');
  assert.is(known.find(ann.slice(0, -1), 'Ann', false), null);
  const secure = known.cookie(undefined, 'Ann', true);
  assert.match(secure, /^__Host-sluice_known=[^;]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax; Secure$/);
  const many = ['a', 'b', 'c', 'd', 'e'].reduce(
    (cookie, name) => valueOf(known.cookie(cookie, name, false)),
    '',
  );
  assert.equal(
    [known.find(many, 'a', false), known.find(many, 'b', false) !== null],
    [null, true],
    'four names',
  );

  const limits = new SignInLimits(new Quota({ now: () => 0 }), () => 0);
  const tryFrom = (from: string | null) => codeOf(() => limits.take('proxy', 'Ann', from));
  for (let n = 0; n < 40; n++) tryFrom(null);
  assert.equal([tryFrom(null), tryFrom(browser)], ['too_many_requests', 'no error']);
  for (let n = 0; n < 9; n++) assert.is(tryFrom(browser), 'no error');
  assert.is(tryFrom(browser), 'too_many_requests', 'ten, too');

  // With parameters that take no time.
  const CHEAP = `scrypt.2.1.1.${'A'.repeat(22)}.${'A'.repeat(43)}`;
  const passwords = new Passwords();
  const codes: string[] = [];
  const ask = (owner: string, from: string | null = null) =>
    passwords
      .verify('x', CHEAP, owner, from)
      .catch((error: SluiceError) => codes.push(`${owner} ${error.code}`));
  const strangers = Array.from({ length: 18 }, (_, n) => ask(`s${n}`));
  await Promise.all([...strangers, ask('s0', browser)]);
  assert.equal(codes, ['s16 too_many_requests', 's17 too_many_requests']);
});

test('where people sign in, a device of nobody opens nothing, but shows which list may be claimed', () => {
  const nobodys = new AdmittedTokens(
    new Uint8Array(32).fill(1),
    () => ({ kind: 'browser', scope: 'full', person: null }),
    true,
  );
  const { token, session } = nobodys.issue();
  assert.is(nobodys.verify(token), null);
  assert.is(nobodys.withoutSignIn.verify(token)?.session, session);
  assert.is(tokens.verify(token)?.person, ANN);
});

test.run();
