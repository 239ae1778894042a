/** Probes and notices of what is away, without a network. The rules are in host-gate.test.ts. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SimulatedClock } from 'xstate';
import { Reachability } from '#lib/runner/reachability.ts';

const ONE = 'http://127.0.0.1:1/a.bin';

test('sessions that were refused a host of the own network are notified when that network is back', () => {
  const clock = new SimulatedClock();
  const reachability = new Reachability({ clock, wallNow: () => 0 });
  const notices: [string, string | null][] = [];
  reachability.start({ probe: null, onReachable: (session, host) => notices.push([session, host]) });
  for (const host of ['127.0.0.1:1', '127.0.0.2:1'])
    reachability.dials.failed({ host, obstacle: 'no_route' });
  assert.is(reachability.refusal('mine', ONE)?.code, 'network_down');
  reachability.dials.answered('127.0.0.1:1');
  assert.equal(notices, [['mine', null]]);
  reachability.close();
});

test('one host is probed at a time, and none after the end', async () => {
  const clock = new SimulatedClock();
  const reachability = new Reachability({ clock, wallNow: () => 0 });
  const probes: { host: string; signal: AbortSignal; end: () => void }[] = [];
  reachability.start({
    probe: (host, signal) => new Promise((resolve) => void probes.push({ host, signal, end: resolve })),
    onReachable: () => undefined,
  });
  reachability.dials.answered('other.example:80');
  const fail = (host: string): void => {
    reachability.dials.failed({ host, obstacle: 'refused' });
    reachability.refusal('mine', `http://${host}/`);
  };
  fail('127.0.0.1:1');
  clock.increment(1_000);
  assert.equal(
    probes.map(({ host }) => host),
    ['127.0.0.1:1'],
  );
  fail('127.0.0.1:2');
  clock.increment(2_000);
  assert.is(probes.length, 1);
  probes[0]?.end();
  await new Promise((resolve) => setImmediate(resolve));
  clock.increment(0);
  assert.is(probes.length, 2);
  reachability.close();
  assert.is(probes[1]?.signal.aborted, true);
  probes[1]?.end();
  await new Promise((resolve) => setImmediate(resolve));
  clock.increment(600_000);
  assert.is(probes.length, 2);
});

test.run();
