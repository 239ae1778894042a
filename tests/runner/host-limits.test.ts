import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HostLimits, type HostUse } from '#lib/runner/host-limits.ts';

interface Context {
  limits: HostLimits;
  changes: string[];
  pass: (minutes: number) => void;
  /** Begins downloads that get bytes. */
  served: (count: number, host?: string) => HostUse[];
}

const test = suite<Context>('host limits');
const A = 'a.example:443';
const B = 'b.example:443';

test.before.each((context) => {
  let now = 0;
  context.changes = [];
  context.pass = (minutes) => void (now += minutes * 60_000);
  context.limits = new HostLimits({ now: () => now, onChange: (host) => context.changes.push(host) });
  context.served = (count, host = A) =>
    Array.from({ length: count }, () => {
      const use = context.limits.begin(host);
      context.limits.received(use);
      return use;
    });
});

/** A download that begins and is refused. */
function refuse(limits: HostLimits, download = 'x', host = A): string {
  const use = limits.begin(host);
  limits.end(use);
  return limits.refused(use, download);
}

test('a refusal while two are served is a limit of two, of this host alone', ({ limits, served }) => {
  served(2);
  assert.not(limits.isFull(A));
  assert.is(refuse(limits), 'limited');
  assert.is(limits.limitOf(A), 2);
  assert.ok(limits.isFull(A));
  assert.not(limits.isFull(B));
});

test('a refusal while nobody is connected is no limit, and beside one without a byte it is not clear', ({
  limits,
}) => {
  assert.is(refuse(limits), 'own');
  const other = limits.begin(A);
  assert.is(refuse(limits), 'unclear');
  limits.received(other);
  assert.is(refuse(limits), 'limited');
  assert.is(limits.limitOf(A), 1);
});

test('of those that were begun together, each one that is served counts', ({ limits }) => {
  const [first, second, third] = [limits.begin(A), limits.begin(A), limits.begin(A)];
  limits.received(third);
  limits.end(second);
  assert.is(limits.refused(second, 'x'), 'unclear');
  limits.received(first);
  assert.is(limits.refused(second, 'x'), 'limited');
  assert.is(limits.limitOf(A), 2);
});

test('a refused download that has not ended yet is none of the others', ({ limits, served }) => {
  served(1);
  const refused = limits.begin(A);
  assert.is(limits.refused(refused, 'x'), 'limited');
  assert.is(limits.limitOf(A), 1);
});

test('one that stays without a byte does not count in the end', ({ limits, served }) => {
  served(1);
  limits.begin(A);
  const third = limits.begin(A);
  limits.end(third);
  assert.is(limits.refused(third, 'x', { isFinal: true }), 'limited');
  assert.is(limits.limitOf(A), 1);
});

test('what is refused beneath the limit is its own, and ends a limit that it had set', ({
  limits,
  served,
}) => {
  const [first] = served(2);
  refuse(limits, 'x');
  limits.end(first!);
  assert.is(refuse(limits, 'y'), 'own');
  assert.is(limits.limitOf(A), 2);
  assert.is(refuse(limits, 'x'), 'own');
  assert.is(limits.limitOf(A), null);
});

test('a refusal for good just after a served one ended is tried once more, when the server counts it no longer', ({
  limits,
  served,
  pass,
  changes,
}) => {
  const forGood = (download: string): string => {
    const use = limits.begin(A);
    limits.end(use);
    return limits.refused(use, download, { isForGood: true });
  };
  assert.is(forGood('x'), 'own');
  const [first] = served(1);
  limits.end(first!);
  assert.is(refuse(limits, 'y'), 'own');
  assert.is(forGood('x'), 'limited');
  assert.is(limits.limitOf(A), 1);
  assert.ok(limits.isFull(A));
  assert.is(limits.raiseAt(A), 5_000);
  pass(4.9 / 60);
  assert.ok(limits.isFull(A));
  pass(0.2 / 60);
  assert.not(limits.isFull(A));
  changes.length = 0;
  assert.is(forGood('x'), 'own');
  const [second] = served(1);
  limits.end(second!);
  assert.is(forGood('x'), 'own');
  assert.is(forGood('z'), 'limited');
});

test('a dead link that is refused for good beneath the limit which it had set ends that limit', ({
  limits,
  served,
  pass,
  changes,
}) => {
  const [first] = served(2);
  assert.is(refuse(limits, 'x'), 'limited');
  limits.end(first!);
  pass(1);
  const use = limits.begin(A);
  limits.end(use);
  changes.length = 0;
  assert.is(limits.refused(use, 'x', { isForGood: true }), 'own');
  assert.is(limits.limitOf(A), null);
  assert.equal(changes, [A]);
});

test('one that had begun before the limit was set does not take it for its own failure', ({
  limits,
  served,
}) => {
  served(1);
  const second = limits.begin(A);
  const refused = limits.begin(A);
  limits.end(refused);
  assert.is(limits.refused(refused, 'x', { isFinal: true }), 'limited');
  assert.is(limits.limitOf(A), 1);
  limits.end(second);
  assert.is(limits.refused(second, 'y'), 'limited');
  assert.is(limits.limitOf(A), 1);
});

test('one more is tried after 5 minutes, and after twice as long each time that it is refused', ({
  limits,
  served,
  pass,
}) => {
  served(2);
  refuse(limits);
  for (const minutes of [5, 10, 20, 40, 60, 60]) {
    assert.is(limits.raiseAt(A)! > 0, true);
    pass(minutes - 1);
    assert.ok(limits.isFull(A), `before ${minutes}`);
    pass(1);
    assert.not(limits.isFull(A), `after ${minutes}`);
    assert.is(limits.limitOf(A), 3);
    assert.is(refuse(limits), 'limited');
    assert.is(limits.limitOf(A), 2);
  }
});

test('a try that is served is the new limit: a refusal beneath it is the own one of a download', ({
  limits,
  served,
  pass,
}) => {
  const [first] = served(2);
  refuse(limits);
  pass(5);
  assert.not(limits.isFull(A));
  served(1);
  limits.end(first!);
  assert.is(refuse(limits, 'y'), 'own');
  assert.is(limits.limitOf(A), 3);
});

test('the first byte and the end of a download are a change of its host, once each', ({
  limits,
  changes,
}) => {
  const use = limits.begin(A);
  assert.equal(changes, []);
  limits.received(use);
  limits.received(use);
  assert.equal(changes, [A]);
  for (let times = 0; times < 2; times++) {
    limits.end(use);
    assert.equal(changes, [A, A]);
  }
  assert.is(limits.connectionsTo(A), 0);
});

test('a limit that is not reached is not raised, and after an hour it is forgotten', ({
  limits,
  served,
  pass,
}) => {
  const [first] = served(2);
  refuse(limits);
  limits.end(first!);
  pass(59);
  assert.is(limits.limitOf(A), 2);
  pass(2);
  assert.is(limits.limitOf(A), null);
});

test('further connections count, are refused at the limit, and are given up for downloads that wait', ({
  limits,
  served,
  changes,
}) => {
  const [first] = served(1);
  const extras = [limits.openExtra(first!, 'a'), limits.openExtra(first!, 'a')];
  assert.is(limits.connectionsTo(A), 3);
  assert.is(refuse(limits), 'limited');
  assert.is(limits.limitOf(A), 3);
  assert.is(limits.openExtra(first!, 'a'), null);
  limits.yieldExtras(A, 1);
  limits.yieldExtras(A, 1);
  assert.equal(
    extras.map((extra) => extra?.signal.aborted),
    [false, true],
  );
  changes.length = 0;
  extras[1]?.close();
  extras[1]?.close();
  assert.equal(changes, [A]);
  assert.not(limits.isFull(A));
});

test('a further connection that is refused is a limit too', ({ limits, served }) => {
  const [first] = served(1);
  limits.openExtra(first!, 'a')?.refused();
  assert.is(limits.limitOf(A), 1);
  assert.is(limits.openExtra(first!, 'a'), null);
});

test('of a thousand hosts the limits are remembered', ({ limits, served }) => {
  for (let n = 0; n <= 1000; n++) {
    served(1, `${n}.example:80`);
    refuse(limits, 'x', `${n}.example:80`);
  }
  assert.is(limits.limitOf('0.example:80'), null);
  assert.is(limits.limitOf('1.example:80'), 1);
});

test.run();
