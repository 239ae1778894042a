import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import { SimulatedClock } from 'xstate';
import * as assert from 'uvu/assert';
import { RedirectRefused } from '#lib/annie/http/failure/portal.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { type Obstacle, UnreachableError } from '#lib/protocol/unreachable.ts';
import { Reachability } from '#lib/runner/reachability.ts';
import { waitFor } from '../support/wait.ts';
import { nextTurns, startOf, testsWith } from './fixture.ts';

const test = suite('network');
const testWith = testsWith(test);

/** As the guard throws it. */
function unreachable(obstacle: Obstacle, host = 'media.test:443'): UnreachableError {
  return new UnreachableError({ host, obstacle });
}

const never = (): Promise<void> => Promise.reject(new SluiceError('connect_failed'));
const from = (host: string, download: string): ReturnType<typeof startOf> =>
  startOf(download, 1, { url: `https://${host}/${download}` });

testWith(
  'what meets no network waits for it, and what begins then dials nothing',
  { probe: never },
  async (fixture) => {
    const { runner, http, event } = fixture;
    runner.send('s1', startOf('aaa'));
    (await http.call(0)).fail(unreachable('no_route'));
    const first = await event('failed');
    assert.equal([first.error.code, first.error.transient], ['network_down', true]);
    assert.match(first.error.message, /^No network since \d\d:\d\d; next try in 5 s\.$/);
    assert.ok(Math.abs(Date.now() - first.error.away!.since) < 30_000);
    runner.send('s2', startOf('bbb'));
    assert.is((await event('failed', 0, 's2')).error.code, 'network_down');
    assert.is(http.calls.length, 1);
  },
);

testWith(
  'one host is probed at a time, and all sessions that were refused are told of the first answer',
  {
    probe: () => {
      probes++;
      return isBack ? Promise.resolve() : never();
    },
  },
  async ({ runner, http, clock, event, events }) => {
    for (const [session, id] of [
      ['s1', 'aaa'],
      ['s2', 'bbb'],
      ['s1', 'ccc'],
    ] as const)
      runner.send(session, startOf(id));
    // All have begun before the first failure holds the others.
    const calls = [await http.call(0), await http.call(1), await http.call(2)];
    for (const call of calls) call.fail(unreachable('no_route'));
    await event('failed', 1);
    await event('failed', 0, 's2');
    for (const seconds of [5, 10, 20, 40, 60]) {
      const before = probes;
      clock.increment(seconds * 1000 - 1);
      await nextTurns();
      assert.is(probes, before);
      clock.increment(1);
      await nextTurns();
      assert.is(probes, before + 1);
    }
    assert.equal(
      events().filter(({ type }) => type === 'reachable'),
      [],
    );
    isBack = true;
    // The stub of a probe reports nothing: a download that gets bytes does.
    runner.send('s3', from('other.test', 'ddd'));
    (await http.call(3)).sample(1);
    for (const session of ['s1', 's2']) assert.is((await event('reachable', 0, session)).host, null);
    runner.send('s1', startOf('aaa', 2));
    await http.call(4);
  },
);
let probes = 0;
let isBack = false;

testWith('one host that is away takes no other along', { probe: never }, async (fixture) => {
  const { runner, http, event, workDirs } = fixture;
  runner.send('s1', from('b.test', 'bbb'));
  (await http.call(0)).sample(10);
  runner.send('s1', from('a.test', 'aaa'));
  (await http.call(1)).fail(unreachable('refused', 'a.test:443'));
  const { error } = await event('failed');
  assert.equal([error.code, error.away?.host], ['host_away', 'a.test:443']);
  assert.match(error.message, /^a\.test:443 cannot be reached since \d\d:\d\d; next try in 1 s\.$/);
  runner.send('s1', from('b.test', 'ccc'));
  await http.call(2);
  runner.send('s1', from('a.test', 'ddd'));
  assert.is((await event('failed', 1)).error.code, 'host_away');
  assert.is(http.calls.length, 3);
  assert.equal((await workDirs()).sort(), ['aaa', 'bbb', 'ccc'], 'nothing is made for what is refused');
});

testWith(
  'bytes of a download that began earlier do not open a host that is away',
  { probe: never },
  async (fixture) => {
    const { runner, http, event, events } = fixture;
    runner.send('s1', from('a.test', 'aaa'));
    const running = await http.call(0);
    running.sample(10);
    // Where it was redirected to is still there.
    runner.send('s1', from('a.test', 'bbb'));
    (await http.call(1)).fail(unreachable('refused', 'a.test:443'));
    assert.is((await event('failed')).error.code, 'host_away');
    running.sample(20);
    runner.send('s1', from('a.test', 'ccc'));
    assert.is((await event('failed', 1)).error.code, 'host_away');
    assert.equal(
      events().filter(({ type }) => type === 'reachable'),
      [],
    );
  },
);

testWith('a host that refuses one more connection while others are open is not away', {}, async (fixture) => {
  const { runner, http, event } = fixture;
  runner.send('s1', startOf('aaa'));
  (await http.call(0)).fail(
    new UnreachableError({ host: 'media.test:443', obstacle: 'refused', isConnected: true }),
  );
  assert.is((await event('failed')).error.code, 'connect_failed');
  runner.send('s1', startOf('bbb'));
  await http.call(1);
});

for (const code of ['connection_lost', 'engine_stalled', 'timeout'] as const) {
  testWith(
    `a transfer that ends in ${code} while there is no network waits for it`,
    { probe: never },
    async (fixture) => {
      const { runner, http, event } = fixture;
      runner.send('s1', startOf('aaa'));
      const running = await http.call(0);
      runner.send('s1', startOf('bbb'));
      (await http.call(1)).fail(unreachable('no_dns'));
      await event('failed');
      running.fail(new SluiceError(code));
      assert.is((await event('failed', 1)).error.code, 'network_down');
    },
  );
}

testWith(
  'what a server says is said, also without a network',
  { probe: never },
  async ({ runner, http, event }) => {
    runner.send('s1', startOf('aaa'));
    const running = await http.call(0);
    runner.send('s1', startOf('bbb'));
    (await http.call(1)).fail(unreachable('no_dns'));
    await event('failed');
    running.fail(new SluiceError('remote_denied'));
    assert.is((await event('failed', 1)).error.code, 'remote_denied');
  },
);

testWith(
  'a look-up is answered at once with the code, and brings the probe forward',
  { probe: () => (looked++, never()) },
  async (fixture) => {
    const { runner, http, clock, event } = fixture;
    runner.send('s1', startOf('aaa'));
    (await http.call(0)).fail(unreachable('no_route'));
    await event('failed');
    clock.increment(5_000);
    await nextTurns();
    assert.is(looked, 1);
    clock.increment(6_000);
    runner.send('s1', { type: 'parse', job: 'p', url: 'https://media.test/page', engine: null });
    assert.is((await event('parse-failed')).error.code, 'network_down');
    clock.increment(0);
    await waitFor(() => looked === 2);
  },
);
let looked = 0;

const reachability = new Reachability();
testWith('a name that does not exist while another does is final', { reachability }, async (fixture) => {
  const { runner, http, event } = fixture;
  reachability.dials.resolved('other.test');
  runner.send('s1', startOf('aaa'));
  (await http.call(0)).fail(unreachable('no_name'));
  const { error } = await event('failed');
  assert.equal([error.code, error.transient], ['dns_failed', false]);
});

let looks = 0;
testWith(
  'a look at the address of a begun file that meets a portal waits for it, one of a new file is an error',
  {
    classify: () => {
      if (looks++ === 0) return Promise.resolve({ kind: 'file', contentType: null, bytes: null });
      const refused = new SluiceError('address_refused');
      return Promise.reject(
        new RedirectRefused(new URL('http://media.test/aaa'), new URL('http://10.0.0.1/'), refused),
      );
    },
  },
  async ({ runner, http, event }) => {
    const url = 'http://media.test/aaa';
    runner.send('s1', startOf('aaa', 1, { url, engine: null }));
    const call = await http.call(0);
    await writeFile(join(call.job.workDir, 'data'), Buffer.alloc(100_000));
    call.fail(new SluiceError('connection_lost'));
    await event('failed');
    runner.send('s1', startOf('aaa', 2, { url, engine: null }));
    const { error } = await event('failed', 1);
    assert.equal([error.code, error.transient, error.away?.host], ['network_login', true, 'media.test:80']);
    runner.send('s1', startOf('bbb', 1, { url, engine: null }));
    assert.is((await event('failed', 2)).error.code, 'address_refused');
  },
);

testWith('a finished file lands without a network', { probe: never }, async ({ runner, http, event }) => {
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  runner.send('s1', startOf('bbb'));
  (await http.call(1)).fail(unreachable('no_route'));
  await event('failed');
  await call.finish();
  await event('done');
});

test('of the hosts that were refused, the last thousand are remembered', () => {
  const told: string[] = [];
  const reachability = new Reachability({ clock: new SimulatedClock() });
  reachability.start({ probe: never, onReachable: (session) => told.push(session) });
  for (let n = 0; n <= 1000; n++) {
    const url = `https://site${n}.test/`;
    const thrown = reachability.explain(`s${n}`, url, unreachable('no_route', `site${n}.test:443`));
    assert.is((thrown as SluiceError).code, 'network_down');
  }
  reachability.received('https://site7.test/');
  assert.is(told.length, 1000);
  assert.not(told.includes('s0'));
  assert.ok(told.includes('s1') && told.includes('s1000'));
  reachability.close();
});

test.run();
