import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createGuard } from '#lib/guard/guard.server.ts';
import { createLinks } from '#lib/guard/links.server.ts';
import { parseAllowPrivate } from '#lib/guard/policy.ts';

/** Public addresses, as a machine in a data centre has them. */
const links = createLinks(() => ({
  eth0: [entry('IPv4', '9.9.9.9/24'), entry('IPv6', '2a00:1:2:3::7/64')],
  tun0: [entry('IPv4', '8.8.4.4/0')],
  ppp0: [entry('IPv4', '1.1.1.1/32')],
}));

function entry(family: 'IPv4' | 'IPv6', cidr: string): NetworkInterfaceInfo {
  const rest = { netmask: '', mac: '', internal: false, address: cidr.split('/')[0] ?? '', cidr };
  return family === 'IPv4' ? { family, ...rest } : { family, scopeid: 0, ...rest };
}

async function resolved(host: string, allowed = ''): Promise<string> {
  const [address = ''] = host.endsWith('.example') ? ['9.9.9.77'] : [host];
  // Nothing is dialled: what the guard would dial is given up once it has looked at the links.
  const dial = new AbortController();
  const guard = createGuard({
    links: () => {
      dial.abort(null);
      return links();
    },
    allowPrivate: parseAllowPrivate(allowed),
    resolve: () => Promise.resolve([address]),
  });
  return guard.connect({ host, port: 80, signal: dial.signal }).then(
    () => 'dialled',
    (thrown: { code: string } | null) => thrown?.code ?? address,
  );
}

test('public addresses of this machine and of its neighbours on a link are refused like private ones', async () => {
  for (const host of ['9.9.9.9', '9.9.9.200', '2a00:1:2:3::7', '2a00:1:2:3:ffff::1', '8.8.4.4', '1.1.1.1']) {
    assert.is(await resolved(host), 'address_refused', host);
  }
  assert.is(await resolved('neighbour.example'), 'address_refused');
});

test('other addresses are not, also where a tunnel takes the whole internet for its link', async () => {
  for (const host of ['9.9.8.9', '2a00:1:2:4::7', '8.8.8.8', '1.1.1.2']) {
    assert.is(await resolved(host), host);
  }
});

test('an operator can allow a neighbour', async () => {
  assert.is(await resolved('9.9.9.200', '9.9.9.200:80'), '9.9.9.200');
  assert.is(await resolved('neighbour.example', 'neighbour.example'), '9.9.9.77');
});

test('a network that comes up is known after five seconds', () => {
  let now = 100;
  const networks = [entry('IPv4', '9.9.9.9/24')];
  const read = createLinks(
    () => ({ eth0: networks }),
    () => now,
  );
  assert.is(read().length, 1);
  networks.push(entry('IPv4', '8.8.8.8/24'));
  now += 4_999;
  assert.is(read().length, 1);
  now += 1;
  assert.is(read().length, 2);
  networks.pop();
  assert.is(read().length, 2);
});

test('what says no length of its network is one address, and what is no address is none', () => {
  const read = createLinks(() => ({
    a: [{ ...entry('IPv4', '9.9.9.9/24'), cidr: null }],
    b: [{ ...entry('IPv6', '2a00::1/64'), cidr: null }],
    c: [entry('IPv4', 'nonsense/8')],
    d: undefined,
  }));
  assert.equal(
    read().map(({ base, prefixBits }) => `${base.toString()}/${prefixBits}`),
    ['9.9.9.9/32', '2a00::1/128'],
  );
});

test.run();
