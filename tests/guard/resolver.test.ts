import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  addressesInHosts,
  createResolver,
  type ResolverOptions,
  SETTINGS_MAX_AGE_MS,
} from '#lib/guard/resolver.server.ts';
import { settles, waitFor } from '../support/wait.ts';
import { type NameServer, startNameServer, type Zone } from './name-server.ts';

interface Fixture {
  resolve: (name: string) => Promise<string[]>;
  server: NameServer;
  /** Names that the system was asked for. */
  system: string[];
}

function testResolver(
  name: string,
  options: { zone?: Zone; hosts?: string } & Pick<ResolverOptions, 'querySystem' | 'dnsLimits'>,
  body: (fixture: Fixture) => Promise<void>,
): void {
  test(name, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sluice-test-'));
    const server = await startNameServer(options.zone ?? {});
    const system: string[] = [];
    try {
      const hostsFile = join(dir, 'hosts');
      writeFileSync(hostsFile, options.hosts ?? '');
      const resolve = createResolver({
        servers: () => [server.address],
        hostsFile,
        ...(options.dnsLimits ? { dnsLimits: options.dnsLimits } : {}),
        querySystem: (name) => {
          system.push(name);
          return options.querySystem?.(name) ?? Promise.resolve([]);
        },
      });
      await body({ resolve, server, system });
    } finally {
      await server.close();
      rmSync(dir, { recursive: true });
    }
  });
}

testResolver(
  'addresses of both kinds are had from DNS, IPv6 first, and nothing else is asked',
  { zone: { 'a.example': ['203.0.113.1', '2001:db8::1', '203.0.113.2'], 'four.example': ['203.0.113.4'] } },
  async ({ resolve, system }) => {
    assert.equal(await settles(resolve('a.example')), ['2001:db8::1', '203.0.113.1', '203.0.113.2']);
    assert.equal(await settles(resolve('four.example')), ['203.0.113.4']);
    assert.equal(system, []);
  },
);

testResolver(
  'the hosts file comes first',
  { zone: { 'a.example': ['203.0.113.1'] }, hosts: '10.0.0.1 A.example # mine\n' },
  async ({ resolve, server }) => {
    assert.equal(await settles(resolve('a.example')), ['10.0.0.1']);
    assert.equal(server.asked, []);
  },
);

/** Names of which the system is being asked. */
let asked = 0;

testResolver(
  'names that DNS does not have are asked of the system, one at a time',
  {
    querySystem: async (name) => {
      assert.is(++asked, 1);
      await new Promise((resolve) => setImmediate(resolve));
      asked--;
      if (name === 'wrong.local') throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
      return [`192.168.1.${name.length}`];
    },
  },
  async ({ resolve, system }) => {
    const names = ['nas.local', 'wrong.local', 'printer.local'];
    const outcomes = await settles(Promise.allSettled(names.map((name) => resolve(name))));
    assert.equal(
      outcomes.map((each) =>
        each.status === 'fulfilled' ? each.value : (each.reason as { code: string }).code,
      ),
      [['192.168.1.9'], 'ENOTFOUND', ['192.168.1.13']],
    );
    assert.equal([...system].sort(), [...names].sort());
  },
);

testResolver(
  'a name that has IPv6 addresses alone is had from DNS',
  { zone: { 'AAAA six.example': ['2001:db8::6'] } },
  async ({ resolve, system }) => {
    assert.equal(await settles(resolve('six.example')), ['2001:db8::6']);
    assert.equal(system, []);
  },
);

testResolver(
  'a name without an address of either kind is asked of the system, whose error counts',
  {
    zone: { 'empty.example': [] },
    querySystem: () => Promise.reject(Object.assign(new Error('no address'), { code: 'ENODATA' })),
  },
  async ({ resolve, system }) => {
    assert.is(
      await settles(resolve('empty.example').catch((thrown: { code: string }) => thrown.code)),
      'ENODATA',
    );
    assert.equal(system, ['empty.example']);
  },
);

test('the servers of another network are used after 5 s, and a hosts file may be missing', async () => {
  const home = await startNameServer({ 'a.example': ['203.0.113.1'] });
  const hotel = await startNameServer({ 'a.example': ['203.0.113.2'] });
  let servers = [home.address];
  let nowMs = 1000;
  const hostsFile = join(tmpdir(), 'sluice-test-no-such-hosts');
  const resolve = createResolver({ servers: () => servers, hostsFile, now: () => nowMs });
  try {
    assert.equal(await settles(resolve('a.example')), ['203.0.113.1']);
    servers = [hotel.address];
    nowMs += SETTINGS_MAX_AGE_MS;
    assert.equal(await settles(resolve('a.example')), ['203.0.113.1']);
    nowMs++;
    assert.equal(await settles(resolve('a.example')), ['203.0.113.2']);
    servers = [home.address];
    nowMs += SETTINGS_MAX_AGE_MS;
    assert.equal(await settles(resolve('a.example')), ['203.0.113.2']);
  } finally {
    await home.close();
    await hotel.close();
  }
});

testResolver(
  'a name whose IPv6 query is never answered has its IPv4 addresses',
  { zone: { 'half.example': ['203.0.113.7'], 'AAAA half.example': 'silent' } },
  async ({ resolve }) => {
    assert.equal(await settles(resolve('half.example')), ['203.0.113.7']);
  },
);

testResolver(
  'a name that is never answered is not asked of the system as well',
  { zone: { 'lost.example': 'silent' }, dnsLimits: { timeout: 50, tries: 2, maxTimeout: 50 } },
  async ({ resolve, system }) => {
    const code = await settles(resolve('lost.example').catch((thrown: { code: string }) => thrown.code));
    assert.is(code, 'ETIMEOUT');
    assert.equal(system, []);
  },
);

testResolver(
  'names with a silent server keep no other name waiting',
  {
    zone: {
      'good.example': ['203.0.113.1'],
      ...Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`silent${i}.example`, 'silent' as const])),
    },
  },
  async ({ resolve, server }) => {
    let answered = 0;
    const count = (): void => void answered++;
    for (let i = 0; i < 12; i++) void resolve(`silent${i}.example`).then(count, count);
    await waitFor(() => new Set(server.asked).size === 12, { what: 'all names to be asked for' });
    assert.equal(await settles(resolve('good.example')), ['203.0.113.1']);
    assert.is(answered, 0);
  },
);

test('a hosts file is read as hosts(5) says', () => {
  const text = [
    '# 10.0.0.9 nas',
    '127.0.0.1\tlocalhost  loopback',
    '::1 localhost ip6-localhost',
    '  10.0.0.1   nas NAS.example   # 10.0.0.2 other',
    'no-address nas',
    '',
  ].join('\r\n');
  assert.equal(addressesInHosts(text, 'localhost'), ['127.0.0.1', '::1']);
  assert.equal(addressesInHosts(text, 'nas'), ['10.0.0.1']);
  assert.equal(addressesInHosts(text, 'nas.example'), ['10.0.0.1']);
  assert.equal(addressesInHosts(text, 'other'), []);
  assert.equal(addressesInHosts(text, '10.0.0.1'), []);
});

test('the hosts file is that of the system', async () => {
  const resolve = createResolver({
    servers: () => ['127.0.0.1:9'],
    querySystem: () => Promise.reject(new Error('the system was asked')),
  });
  const found = await settles(resolve('localhost'));
  assert.ok(found.includes('127.0.0.1') || found.includes('::1'), found.join());
});

test.run();
