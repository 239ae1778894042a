/** Passwords, limits of tries, and proxies that say who it is. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
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
const tokens = new AdmittedTokens(new Uint8Array(32).fill(1), () => ({ scope: 'full', person: ANN }), true);
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

test('where people sign in, a device of nobody opens nothing, but shows which list may be claimed', () => {
  const nobodys = new AdmittedTokens(
    new Uint8Array(32).fill(1),
    () => ({ scope: 'full', person: null }),
    true,
  );
  const { token, session } = nobodys.issue();
  assert.is(nobodys.verify(token), null);
  assert.is(nobodys.withoutSignIn.verify(token)?.session, session);
  assert.is(tokens.verify(token)?.person, ANN);
});

test.run();
