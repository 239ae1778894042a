/** Sign-ins that are under way with an issuer: each ends in the browser that began it, once. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SignInAttempts } from '#lib/channel/people/oidc/attempts.ts';
import { codeOf } from '../support/thrown-code.ts';

const KEY = new Uint8Array(32).fill(5);
const HTTP = { owner: 'home', isSecure: false };
const HTTPS = { owner: 'home', isSecure: true };
const LINK = 'l'.repeat(43);
let now: number;
let attempts: SignInAttempts;

test.before.each(() => {
  now = Date.parse('2026-11-30');
  attempts = new SignInAttempts(KEY, () => now);
});

const pairOf = (line: string) => line.split(';')[0] ?? '';

test('it ends once, within ten minutes, with what it was begun with', () => {
  const { attempt, cookie } = attempts.begin(LINK, HTTP);
  assert.match(cookie, /^sluice_signing_in=[\w.~-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/);
  assert.equal(attempts.take(pairOf(cookie), attempt.state, HTTP), attempt);
  assert.is(attempt.link, LINK);
  const again = () => attempts.take(pairOf(cookie), attempt.state, HTTP);
  assert.is(codeOf(again), 'sign_in_over');
  const late = attempts.begin(null, HTTP);
  now += 10 * 60_000 - 1;
  attempts.take(pairOf(late.cookie), late.attempt.state, HTTP);
  const later = attempts.begin(null, HTTP);
  now += 10 * 60_000;
  assert.is(
    codeOf(() => attempts.take(pairOf(later.cookie), later.attempt.state, HTTP)),
    'sign_in_over',
  );
});

test('state, nonce and verifier are different, long enough, and another for each sign-in', () => {
  const [a, b] = [attempts.begin(null, HTTP).attempt, attempts.begin(null, HTTP).attempt];
  const all = [a, b].flatMap(({ state, nonce, verifier }) => [state, nonce, verifier]);
  assert.is(new Set(all).size, 6);
  for (const text of all) assert.match(text, /^[\w-]{43}$/);
});

test('no other state ends it, nor does another browser, or a cookie that was changed', () => {
  const mine = attempts.begin(null, HTTP);
  const other = attempts.begin(null, HTTP);
  const cookie = pairOf(mine.cookie);
  for (const [cookies, state] of [
    [cookie, other.attempt.state],
    [pairOf(other.cookie), mine.attempt.state],
    [cookie, ''],
    [cookie, `${mine.attempt.state}x`],
    [undefined, mine.attempt.state],
    ['sluice_signing_in=', mine.attempt.state],
    [`${cookie}~${LINK}`, mine.attempt.state],
    [cookie.replace('signing_in', 'session'), mine.attempt.state],
  ] as const)
    assert.is(
      codeOf(() => attempts.take(cookies, state, HTTP)),
      'sign_in_over',
      `${cookies} ${state}`,
    );
  attempts.take(cookie, mine.attempt.state, HTTP);
});

test('cookies that others have planted beside it do not keep anybody from signing in', () => {
  const mine = attempts.begin(null, HTTP);
  const planted = attempts.begin(null, { owner: 'elsewhere', isSecure: false });
  const cookies = ['sluice_signing_in=x', pairOf(planted.cookie), pairOf(mine.cookie)].join('; ');
  assert.equal(attempts.take(cookies, mine.attempt.state, HTTP), mine.attempt);
});

test("over http somebody else's sign-in does not end in this browser, though its cookie was planted", () => {
  const theirs = attempts.begin(null, { owner: 'elsewhere', isSecure: false });
  assert.is(
    codeOf(() => attempts.take(pairOf(theirs.cookie), theirs.attempt.state, HTTP)),
    'sign_in_over',
  );
});

test('over https only the name that no other host can set counts, wherever the browser is by then', () => {
  const { attempt, cookie } = attempts.begin(null, HTTPS);
  assert.match(cookie, /^__Host-sluice_signing_in=.*; Secure$/);
  const plain = pairOf(cookie).replace('__Host-', '');
  assert.is(
    codeOf(() => attempts.take(plain, attempt.state, HTTPS)),
    'sign_in_over',
  );
  assert.equal(attempts.take(pairOf(cookie), attempt.state, { ...HTTPS, owner: 'on the way' }), attempt);
});

test('one that was begun before the server started, or by another server, is over', () => {
  const { attempt, cookie } = attempts.begin(null, HTTP);
  now += 1;
  const restarted = new SignInAttempts(KEY, () => now);
  const other = new SignInAttempts(new Uint8Array(32), () => now - 1);
  for (const server of [restarted, other])
    assert.is(
      codeOf(() => server.take(pairOf(cookie), attempt.state, HTTP)),
      'sign_in_over',
    );
});

test.run();
