import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ListOwners } from '#lib/channel/list-owners.ts';
import { networkOf, Owners } from '#lib/channel/owner.ts';
import { LOCAL } from '#lib/quota/quota.ts';

const owners = new Owners(new Uint8Array(32).fill(5));
const of = (remoteAddress: string | undefined, headers: Record<string, string> = {}) =>
  owners.of({ socket: { remoteAddress }, headers });

for (const address of ['127.0.0.1', '127.9.8.7', '::1', '::ffff:127.0.0.1']) {
  test(`${address} is this machine, and a stranger once a proxy forwards for it`, () => {
    assert.is(of(address), LOCAL);
    const strangers = [
      of(address, { 'x-forwarded-for': '192.0.2.1' }),
      of(address, { forwarded: 'for=127.0.0.1' }),
      of(address, { 'x-real-ip': '' }),
      ...[
        'via',
        'x-forwarded-host',
        'x-forwarded-proto',
        'x-client-ip',
        'cf-connecting-ip',
        'true-client-ip',
      ].map((name) => of(address, { [name]: 'a' })),
    ];
    assert.is(new Set(strangers).size, 1);
    assert.is.not(strangers[0], LOCAL);
  });
}

test('from elsewhere forwarding headers change nothing', () => {
  const plain = of('192.0.2.7');
  assert.is.not(plain, LOCAL);
  for (const claimed of ['127.0.0.1', '192.0.2.8']) {
    assert.is(of('192.0.2.7', { 'x-forwarded-for': claimed, 'x-real-ip': claimed }), plain);
  }
});

test('an IPv4 address is the same owner over an IPv6 socket', () => {
  assert.is(of('::ffff:192.0.2.7'), of('192.0.2.7'));
  assert.is.not(of('192.0.2.7'), of('192.0.2.8'));
});

test('an IPv6 home network is one owner: 2^64 addresses are one, the next network is another', () => {
  assert.is(of('2001:db8:1:2::1'), of('2001:db8:1:2:ffff:ffff:ffff:ffff'));
  assert.is.not(of('2001:db8:1:2::1'), of('2001:db8:1:3::1'));
  assert.is(of('fe80::1%eth0'), of('fe80::2'));
});

test('what has no address is a stranger', () => {
  assert.is(networkOf(undefined), 'unknown');
  assert.is(networkOf('no address'), 'unknown');
  assert.is.not(of(undefined), LOCAL);
});

test('an owner does not show its address, and is another on another server', () => {
  assert.match(of('192.0.2.7'), /^[\w-]{22}$/);
  const other = new Owners(new Uint8Array(32).fill(6));
  assert.is.not(other.of({ socket: { remoteAddress: '192.0.2.7' }, headers: {} }), of('192.0.2.7'));
});

test('the owners of the lists that were used last are known, of 10,000', () => {
  const lists = new ListOwners();
  lists.record('kept', 'a');
  for (let n = 0; n < 9_999; n++) lists.record(`l${n}`, 'b');
  lists.record('kept', 'c');
  lists.record('one more', 'd');
  assert.is(lists.of('kept'), 'c');
  assert.is(lists.of('one more'), 'd');
  assert.is(lists.of('l0'), null);
  assert.is(lists.of('l1'), 'b');
});

test.run();
