/** Hosts of this machine and its own network are reached without the internet, and say nothing of it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SimulatedClock } from 'xstate';
import { isLocalHost } from '#lib/protocol/local-host.ts';
import { UnreachableError } from '#lib/protocol/unreachable.ts';
import { Reachability } from '#lib/runner/reachability.ts';

const LOCAL = [
  ...['localhost', 'a.localhost', 'nas', 'nas.lan', 'printer.local', 'box.home.arpa', 'x.internal'],
  ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.0.9', '169.254.3.4'],
  ...['[::1]', '[fd12::1]', '[fe80::1]', '[::ffff:c0a8:101]'],
];
const FAR = [
  ...[
    'example.org',
    'lan',
    'local.example',
    '172.32.0.1',
    '172.15.0.1',
    '192.169.0.1',
    '100.64.0.1',
    '11.0.0.1',
  ],
  ...['[2001:db8::1]', '[::ffff:808:808]', '[ff02::1]', 'home.arpa.example'],
].filter((host) => host !== 'lan');

test('local are loopback, private and link-local addresses, and names that can be no other', () => {
  assert.equal(
    LOCAL.filter((host) => !isLocalHost(host)),
    [],
  );
  assert.equal(
    FAR.filter((host) => isLocalHost(host)),
    [],
  );
});

function withReachability(body: (reach: Reachability, back: string[]) => void): void {
  const clock = new SimulatedClock();
  const reach = new Reachability({ clock: clock as never });
  const back: string[] = [];
  const probe = (): Promise<void> => new Promise(() => undefined);
  reach.start({ probe, onReachable: (session, host) => void back.push(`${session} ${String(host)}`) });
  body(reach, back);
  reach.close();
}

const fail = (reach: Reachability, host: string, obstacle: 'refused' | 'no_route' = 'refused'): unknown =>
  reach.explain('s1', `http://${host}/f`, new UnreachableError({ host: `${host}:80`, obstacle }));

test('without the internet what is local goes on', () =>
  withReachability((reach, back) => {
    fail(reach, 'far.test', 'no_route');
    assert.is((fail(reach, 'media.test', 'no_route') as { code: string }).code, 'network_down');
    assert.is(reach.refusal('s1', 'https://other.test/f')?.code, 'network_down');
    assert.equal(
      LOCAL.map((host) => reach.refusal('s2', `http://${host}/f`)).filter((one) => one !== null),
      [],
    );
    // And says nothing of the internet.
    reach.dials.answered('192.168.0.9:80');
    assert.is(reach.refusal('s1', 'https://other.test/f')?.code, 'network_down');
    assert.equal(back, []);
    reach.dials.answered('media.test:80');
    assert.is(reach.refusal('s1', 'https://other.test/f'), null);
    assert.equal(back, ['s1 null']);
  }));

test('without the own network the internet goes on', () =>
  withReachability((reach) => {
    fail(reach, '192.168.0.9', 'no_route');
    assert.is((fail(reach, 'nas.lan', 'no_route') as { code: string }).code, 'network_down');
    assert.is(reach.refusal('s1', 'http://10.0.0.1/f')?.code, 'network_down');
    assert.is(reach.refusal('s1', 'https://media.test/f'), null);
    reach.dials.answered('media.test:443');
    assert.is(reach.refusal('s1', 'http://10.0.0.1/f')?.code, 'network_down');
  }));

test.run();
