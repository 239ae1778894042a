/** The Referer of a request, by each policy and each pair of origins (https://www.w3.org/TR/referrer-policy/). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refererFor } from '#lib/annie/http/client/referer.ts';
import {
  policyInHeader,
  policyInMeta,
  policyNamed,
  REFERRER_POLICIES,
} from '#lib/protocol/referrer-policy.ts';

const PAGE = 'https://user:secret@a.example/dir/page?q=1#part';
const [WHOLE, ORIGIN] = ['https://a.example/dir/page?q=1', 'https://a.example/'];

/** To the same origin, to another one, and to another one without TLS. */
const TABLE = {
  'no-referrer': [null, null, null],
  'no-referrer-when-downgrade': [WHOLE, WHOLE, null],
  'same-origin': [WHOLE, null, null],
  origin: [ORIGIN, ORIGIN, ORIGIN],
  'strict-origin': [ORIGIN, ORIGIN, null],
  'origin-when-cross-origin': [WHOLE, ORIGIN, ORIGIN],
  'strict-origin-when-cross-origin': [WHOLE, ORIGIN, null],
  'unsafe-url': [WHOLE, WHOLE, WHOLE],
} as const;

for (const policy of REFERRER_POLICIES) {
  test(`the Referer by ${policy}`, () => {
    const sent = ['https://a.example/v.mp4', 'https://b.example/v.mp4', 'http://b.example/v.mp4'].map(
      (target) => refererFor(new URL(PAGE), new URL(target), policy),
    );
    assert.equal(sent, TABLE[policy]);
  });
}

test('a page without TLS is never downgraded, and this machine counts as secure', () => {
  const sent = (page: string, target: string): string | null =>
    refererFor(new URL(page), new URL(target), 'no-referrer-when-downgrade');
  assert.is(sent('http://a.example/p', 'http://b.example/'), 'http://a.example/p');
  assert.is(sent('http://a.example:8080/p', 'https://a.example/'), 'http://a.example:8080/p');
  for (const host of ['127.0.0.1:3000', '127.9.9.9', '[::1]', 'localhost', 'a.localhost']) {
    assert.is(sent('https://a.example/p', `http://${host}/`), 'https://a.example/p', host);
    assert.is(sent(`http://${host}/p`, 'http://b.example/'), null, host);
  }
  for (const host of ['127.example', 'localhost.example', '128.0.0.1'])
    assert.is(sent('https://a.example/p', `http://${host}/`), null, host);
  const other = new URL('http://a.example:8080/v');
  assert.is(refererFor(new URL('http://a.example/p'), other), 'http://a.example/');
});

test('an address of over 4,096 characters is cut to its origin', () => {
  const page = (chars: number): URL => new URL(`${ORIGIN}${'p'.repeat(chars - ORIGIN.length)}`);
  const target = new URL('https://a.example/v.mp4');
  assert.is(refererFor(page(4096), target), page(4096).href);
  assert.is(refererFor(page(4097), target), ORIGIN);
});

test('of a header the last known name counts', () => {
  for (const [field, policy] of [
    ['no-referrer', 'no-referrer'],
    ['no-referrer, strict-origin-when-cross-origin', 'strict-origin-when-cross-origin'],
    ['origin , future-policy', 'origin'],
    [' UNSAFE-URL ', 'unsafe-url'],
    ['never', null],
    ['', null],
    [undefined, null],
  ] as const)
    assert.is(policyInHeader(field), policy, field);
});

test('of a meta element older names count too, and of an attribute they do not', () => {
  for (const [content, policy] of [
    ['never', 'no-referrer'],
    ['always', 'unsafe-url'],
    ['default', 'strict-origin-when-cross-origin'],
    ['origin-when-crossorigin', 'origin-when-cross-origin'],
    [' Same-Origin ', 'same-origin'],
    ['no-referrer, origin', null],
    ['toString', null],
    [undefined, null],
  ] as const)
    assert.is(policyInMeta(content), policy, content);
  assert.is(policyNamed('No-Referrer'), 'no-referrer');
  assert.is(policyNamed('never'), null);
});

test.run();
