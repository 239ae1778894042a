import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OperatorAuth } from '#lib/channel/operator.ts';
import { codeOf } from '../support/thrown-code.ts';

const KEY = new Uint8Array(32).fill(7);
const MINUTE_MS = 60_000;

function start(key = KEY) {
  const clock = { now: Date.UTC(2026, 10, 23) };
  return { clock, operators: new OperatorAuth(key, () => clock.now) };
}

const grantOf = (link: string): string => new URL(link, 'http://h').searchParams.get('grant') ?? '';
const cookieOf = (line: string | null): string => line?.split(';')[0] ?? '';

test('a link signs in once, within ten minutes', () => {
  const { clock, operators } = start();
  const [first, second] = [grantOf(operators.link()), grantOf(operators.link())];
  operators.checkLink(first);
  assert.ok(operators.signIn(first, false));
  for (const use of [() => operators.signIn(first, false), () => operators.checkLink(first)])
    assert.is(codeOf(use), 'link_used');
  assert.ok(operators.isLinkGrant(first), 'used, but a link');
  clock.now += 10 * MINUTE_MS;
  assert.is(
    codeOf(() => operators.signIn(second, false)),
    'link_used',
  );
});

test('a link from before the start is refused, so that no restart makes a used one valid', () => {
  const { clock, operators } = start();
  const grant = grantOf(operators.link());
  clock.now += 1;
  const restarted = new OperatorAuth(KEY, () => clock.now);
  assert.is(
    codeOf(() => restarted.signIn(grant, false)),
    'link_used',
  );
  assert.ok(restarted.signIn(grantOf(operators.link()), false));
});

test('the cookie is valid for twelve hours, and expires in the browser then', () => {
  const { clock, operators } = start();
  const line = operators.signIn(grantOf(operators.link()), false);
  assert.match(line ?? '', `Max-Age=${12 * 60 * 60};`);
  const cookie = `a=b; ${cookieOf(line)}`;
  assert.ok(operators.isOperator(cookie));
  clock.now += 12 * 60 * MINUTE_MS - 1;
  assert.ok(operators.isOperator(cookie));
  clock.now += 1;
  assert.not(operators.isOperator(cookie));
});

test('a link is not accepted as a cookie, a cookie not as a link, and neither under another key', () => {
  const { operators } = start();
  const other = start(new Uint8Array(32).fill(8)).operators;
  const grant = grantOf(operators.link());
  const cookie = cookieOf(operators.signIn(grant, false));
  const [name, value = ''] = cookie.split('=');
  assert.not(operators.isOperator(`${name}=${grant}`));
  assert.is(
    codeOf(() => operators.signIn(value, false)),
    'link_used',
  );
  assert.is(
    codeOf(() => other.signIn(grantOf(operators.link()), false)),
    'link_used',
  );
  assert.not(other.isOperator(cookie));
  for (const nobody of [null, undefined, '', `${name}=`, `${name}=x.y.z`])
    assert.not(operators.isOperator(nobody));
});

test('no grant with any one character changed signs in: its expiry cannot be forged', () => {
  const { operators } = start();
  const grant = grantOf(operators.link());
  for (let at = 0; at < grant.length; at++) {
    for (const character of '09Aa-_.') {
      const changed = grant.slice(0, at) + character + grant.slice(at + 1);
      if (changed === grant) continue;
      assert.is(
        codeOf(() => operators.signIn(changed, false)),
        'link_used',
        changed,
      );
    }
  }
});

test('the cookie is HttpOnly and SameSite, and Secure over https', () => {
  const { operators } = start();
  const [plain = '', secure = ''] = [false, true].map((https) =>
    operators.signIn(grantOf(operators.link()), https),
  ) as string[];
  for (const line of [plain, secure]) {
    for (const part of ['HttpOnly', 'SameSite=', 'Path=/']) assert.match(line, part);
  }
  assert.not.match(plain, 'Secure');
  assert.match(secure, /; Secure(;|$)/);
});

test.run();
