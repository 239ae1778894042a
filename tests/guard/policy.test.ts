import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as fc from 'fast-check';
import { canonicalHost, isPublic, parseAddress } from '#lib/guard/address.ts';
import { isAllowed, parseAllowPrivate, isRefusedLiteral } from '#lib/guard/policy.ts';

const PRIVATE = [
  '127.0.0.1',
  '10.1.2.3',
  '172.16.0.1',
  '192.168.1.1',
  '169.254.169.254',
  // The host of a virtual machine in Azure.
  '168.63.129.16',
  '100.64.0.1',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
  '192.0.2.1',
  '198.18.0.1',
  '240.0.0.1',
  '::1',
  '::',
  'fe80::1',
  'fe80::1%eth0',
  'fc00::1',
  'fec0::1',
  'ff02::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::127.0.0.1',
  '::10.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::1',
  '2002:7f00:1::',
  '2001::1',
  '2001:db8::1',
  '100::1',
  '::ffff:0:127.0.0.1',
  '4000::1',
];

for (const address of PRIVATE) {
  test(`${address} is not public`, () => {
    const parsed = parseAddress(address);
    assert.ok(parsed);
    assert.not(isPublic(parsed));
    assert.not(isAllowed({ host: 'x.example', address, port: 80 }, []));
  });
}

test('public addresses of both families are public, also as IPv4-mapped IPv6', () => {
  for (const address of ['1.1.1.1', '8.8.8.8', '2606:4700::1111', '::ffff:1.1.1.1']) {
    assert.ok(isAllowed({ host: 'x.example', address, port: 443 }, []), address);
  }
});

test('every spelling of an IPv4 literal is one address', () => {
  for (const spelling of [
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '127.0.0.1.',
    '１２７.0.0.1',
    '0x7F.0.0.0x1',
  ]) {
    assert.is(canonicalHost(spelling), '127.0.0.1', spelling);
    assert.ok(isRefusedLiteral(new URL(`http://${spelling}/`), []), spelling);
  }
});

test('malformed hosts are null', () => {
  for (const host of ['', 'a b', 'a/b', 'a@b', '256.1.1.1', '1.2.3.4.5', '[::1', 'x#', 'a\\b']) {
    assert.is(canonicalHost(host), null, host);
  }
});

test('names of this machine are refused before they are resolved, other names are not', () => {
  assert.ok(isRefusedLiteral(new URL('http://localhost/'), []));
  assert.ok(isRefusedLiteral(new URL('http://LOCALHOST.:8080/'), []));
  assert.ok(isRefusedLiteral(new URL('http://foo.localhost/'), []));
  assert.ok(isRefusedLiteral(new URL('https://[::ffff:7f00:1]/'), []));
  assert.not(isRefusedLiteral(new URL('http://example.com/'), []));
  assert.not(isRefusedLiteral(new URL('http://1.1.1.1/'), []));
});

test('SLUICE_ALLOW_PRIVATE takes addresses, ranges, names and ports', () => {
  const allowed = parseAllowPrivate(' 127.0.0.1, 10.0.0.0/8:8080 ,nas.lan,[fd00::/8]:443,::1,Files.LAN:81 ');
  const ok = (host: string, address: string, port: number): boolean =>
    isAllowed({ host, address, port }, allowed);
  assert.ok(ok('x', '127.0.0.1', 5));
  assert.ok(ok('x', '::ffff:127.0.0.1', 5));
  assert.not(ok('x', '127.0.0.2', 5));
  assert.ok(ok('x', '10.9.9.9', 8080));
  assert.not(ok('x', '10.9.9.9', 80));
  assert.ok(ok('nas.lan', '192.168.1.9', 80));
  assert.not(ok('other.lan', '192.168.1.9', 80));
  assert.ok(ok('x', 'fd12::1', 443));
  assert.not(ok('x', 'fd12::1', 80));
  assert.ok(ok('x', '::1', 1));
  assert.ok(ok('files.lan', '192.168.1.9', 81));
  assert.not(ok('files.lan', '192.168.1.9', 80));
  assert.not(isRefusedLiteral(new URL('http://0x7f.1:99/'), allowed));
  assert.not(isRefusedLiteral(new URL('http://localhost/'), allowed));
  assert.equal(parseAllowPrivate(''), []);
});

test('the port of an address without one is that of its scheme', () => {
  const refuses = (allowed: string, url: string): boolean =>
    isRefusedLiteral(new URL(url), parseAllowPrivate(allowed));
  assert.equal(
    [refuses('10.0.0.7:443', 'https://10.0.0.7/'), refuses('10.0.0.7:443', 'http://10.0.0.7/')],
    [false, true],
  );
  assert.equal(
    [refuses('10.0.0.7:80', 'https://10.0.0.7/'), refuses('10.0.0.7:80', 'http://10.0.0.7/')],
    [true, false],
  );
  assert.equal(
    [refuses('[::1]:81', 'http://localhost:81/'), refuses('[::1]:81', 'http://localhost/')],
    [false, true],
  );
  assert.not(refuses('a.localhost', 'http://a.localhost/'));
  assert.ok(refuses('a.localhost', 'http://b.localhost/'));
});

test('what is no address is allowed by nobody, also not by the name of its host', () => {
  const allowed = parseAllowPrivate('nas.lan,0.0.0.0/0,::/0');
  for (const address of ['', 'nas.lan', '127.1', '0x7f000001', '1.2.3', 'fe80::x'])
    assert.not(isAllowed({ host: 'nas.lan', address, port: 80 }, allowed), address);
});

test('a malformed entry of SLUICE_ALLOW_PRIVATE is quoted in the error', () => {
  for (const bad of [
    '10.0.0.0/33',
    'a b',
    '127.0.0.1:99999',
    'http://x',
    '10.0.0.0/x',
    'fd00::/129',
    'x:port',
  ]) {
    assert.throws(
      () => parseAllowPrivate(`ok.lan,${bad}`),
      (e: Error) => e.message.includes(`"${bad}"`),
      bad,
    );
  }
});

test('a range allows exactly the addresses inside it', () => {
  fc.assert(
    fc.property(fc.nat(255), fc.nat(255), fc.integer({ min: 8, max: 32 }), (a, b, bits) => {
      const allowed = parseAllowPrivate(`10.${a}.0.0/${bits}`);
      const value = ((10 << 24) | (a << 16)) >>> 0;
      const other = ((10 << 24) | (b << 16) | 1) >>> 0;
      const mask = bits === 32 ? 0xffffffff : ~(0xffffffff >>> bits) >>> 0;
      const inside = (value & mask) >>> 0 === (other & mask) >>> 0;
      assert.is(isAllowed({ host: 'x', address: `10.${b}.0.1`, port: 1 }, allowed), inside);
    }),
  );
});

test.run();
