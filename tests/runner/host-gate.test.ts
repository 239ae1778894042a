import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HostGate, MAX_HOSTS } from '#lib/runner/host-gate.ts';

interface Context {
  gate: HostGate;
  opened: (string | null)[];
  pass: (ms: number) => void;
}

const test = suite<Context>('host gate');
test.before.each((context) => {
  let now = 1_000_000;
  context.opened = [];
  context.pass = (ms) => void (now += ms);
  context.gate = new HostGate({ now: () => now, onOpen: (host) => context.opened.push(host) });
  context.gate.isProbed = true;
});

const A = 'a.example:443';
const B = 'b.example:443';
const C = 'c.example:80';

test('a host that refuses is away alone, and is probed after 1, 2, 4 … s up to 5 minutes', ({
  gate,
  pass,
}) => {
  gate.answered(B);
  gate.failed(A, 'refused');
  const waits: number[] = [];
  for (let n = 0; n < 11; n++) {
    const { code, retryAfterMs } = gate.refusal(A)!;
    assert.is(code, 'host_away');
    waits.push(retryAfterMs);
    assert.equal(gate.nextProbe()?.host, A);
    pass(retryAfterMs);
    gate.answered(B);
    gate.failed(A, 'refused');
    gate.probed(A);
  }
  assert.equal(
    waits,
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((s) => s * 1000),
  );
  assert.is(gate.refusal(B), null);
});

test('a host that answers is open at once, and it is said', ({ gate, opened }) => {
  gate.answered(B);
  gate.failed(A, 'timed_out');
  gate.answered(A);
  assert.is(gate.refusal(A), null);
  assert.equal(opened, [A]);
});

test('a probe says nothing of a host that has answered meanwhile', ({ gate }) => {
  gate.answered(A);
  gate.probed(A);
  assert.equal([gate.refusal(A), gate.nextProbe()], [null, null]);
});

test('of a thousand hosts the one that can be reached is forgotten for another', ({ gate }) => {
  gate.answered(A);
  for (let n = 1; n < MAX_HOSTS; n++) gate.failed(`${n}.example:443`, 'refused');
  assert.is(gate.network.state, 'up', 'one of them has answered');
  gate.failed(B, 'refused');
  assert.is(gate.network.state, 'down', 'none that is known has');
});

test('three downloads that meet the same host at once are one failure', ({ gate, pass }) => {
  gate.answered(B);
  for (let n = 0; n < 3; n++) gate.failed(A, 'refused');
  assert.is(gate.refusal(A)?.retryAfterMs, 1000);
  pass(1000);
  for (let n = 0; n < 3; n++) gate.failed(A, 'refused');
  assert.is(gate.refusal(A)?.retryAfterMs, 2000);
});

for (const obstacle of ['no_route', 'no_dns'] as const) {
  test(`${obstacle} is no network, since the first failure, probed after 5, 10, 20, 40, 60, 60 s`, ({
    gate,
    pass,
  }) => {
    gate.failed(A, obstacle);
    pass(10);
    gate.failed(B, obstacle);
    const waits: number[] = [];
    for (let n = 0; n < 6; n++) {
      const { code, retryAfterMs, since } = gate.refusal(C)!;
      assert.equal([code, since], ['network_down', 1_000_000]);
      waits.push(Math.round(retryAfterMs / 1000));
      pass(retryAfterMs);
      gate.failed(gate.nextProbe()!.host, obstacle);
      gate.probed(gate.nextProbe()!.host);
    }
    assert.equal(waits, [5, 10, 20, 40, 60, 60]);
  });
}

test('two hosts that refuse or are silent are no network, where none has answered in 30 s', ({
  gate,
  pass,
}) => {
  gate.answered(C);
  gate.failed(A, 'refused');
  gate.failed(B, 'timed_out');
  assert.is(gate.network.state, 'up');
  gate.answered(A);
  gate.answered(B);
  pass(30_001);
  gate.failed(A, 'refused');
  assert.is(gate.network.state, 'up');
  gate.failed(B, 'timed_out');
  assert.is(gate.network.state, 'down');
});

test('two ports of one machine that refuse are no network that is away', ({ gate }) => {
  gate.failed('nas.local:80', 'refused');
  gate.failed('nas.local:8080', 'refused');
  assert.is(gate.network.state, 'up');
});

test('a host without a way to it does not take the network along while another sends bytes', ({
  gate,
  pass,
}) => {
  gate.answered(B);
  pass(4_000);
  gate.failed('[2001:db8::1]:80', 'no_route');
  assert.is(gate.refusal('[2001:db8::1]:80')?.code, 'host_away');
  assert.is(gate.refusal(C), null);
});

test('where only one host was tried, another one is, one after the other, and its answer ends it', ({
  gate,
  opened,
}) => {
  gate.failed(A, 'no_route');
  assert.is(gate.refusal(A)?.code, 'network_down');
  assert.is(gate.refusal(B), null);
  assert.is(gate.refusal(B), null, 'the same one again: its engine asks too');
  assert.is(gate.refusal(C)?.code, 'network_down', 'one at a time');
  gate.answered(B);
  assert.equal(opened, [null]);
  assert.is(gate.refusal(C), null);
});

test('where two were tried and the reason is here, nothing else is', ({ gate }) => {
  gate.failed(A, 'no_route');
  gate.failed(B, 'no_route');
  assert.equal([gate.refusal(C)?.code, gate.refusal(C)?.everyone], ['network_down', true]);
});

test('the probes of the network take turns: one dead host hides nobody', ({ gate, pass }) => {
  gate.failed(A, 'no_route');
  gate.failed(B, 'no_route');
  const probed: string[] = [];
  for (let n = 0; n < 4; n++) {
    const { host } = gate.nextProbe()!;
    probed.push(host);
    pass(60_000);
    gate.failed(host, 'refused');
    gate.probed(host);
  }
  assert.equal([...new Set(probed)].sort(), [A, B]);
  assert.is.not(probed[0], probed[1]);
});

test('a host that has been away for long does not take the network along at each probe', ({ gate, pass }) => {
  gate.failed(A, 'refused');
  for (let n = 0; n < 12; n++) {
    pass(gate.refusal(A)!.retryAfterMs);
    if (n < 5) gate.answered(B);
    gate.failed(A, n < 5 ? 'refused' : 'no_route');
    gate.probed(A);
  }
  assert.equal([gate.network.state, gate.refusal(A)?.code, gate.refusal(C)], ['up', 'host_away', null]);
});

test('a name is unknown where another was resolved lately; localhost is no other', ({ gate, pass }) => {
  assert.is(gate.isNameUnknown(A), false);
  gate.resolved('localhost');
  gate.resolved('a.example');
  assert.is(gate.isNameUnknown(A), false);
  gate.resolved('b.example');
  assert.is(gate.isNameUnknown(A), true);
  gate.failed(A, 'no_name');
  assert.is(gate.refusal(A), null);
  pass(30_001);
  assert.is(gate.isNameUnknown(A), false);
});

test('two names of which none is found are no network', ({ gate }) => {
  gate.failed(A, 'no_name');
  assert.is(gate.refusal(A), null);
  gate.failed(B, 'no_name');
  assert.is(gate.refusal(B)?.code, 'network_down');
});

test('without a prober the wait ends by itself, and the next failure doubles it', ({ gate, pass }) => {
  gate.isProbed = false;
  gate.failed(A, 'no_route');
  pass(4_999);
  assert.is(gate.refusal(A)?.retryAfterMs, 1);
  pass(1);
  assert.is(gate.refusal(A), null);
  gate.failed(A, 'no_route');
  assert.is(gate.refusal(A)?.retryAfterMs, 10_000);
});

test('a person who waits brings the next probe forward, once in 5 s', ({ gate, pass }) => {
  gate.failed(A, 'no_route');
  gate.failed(B, 'no_route');
  for (const ms of [5_000, 10_000]) {
    pass(ms);
    gate.failed(A, 'no_route');
  }
  gate.probeSoon();
  assert.is(gate.refusal(A)?.retryAfterMs, 20_000);
  pass(5_001);
  gate.probeSoon();
  assert.is(gate.refusal(A)?.retryAfterMs, 0);
});

test('what nobody has asked for in an hour is not probed any more', ({ gate, pass }) => {
  gate.answered(B);
  gate.failed(A, 'refused');
  pass(3_600_000);
  assert.is(gate.nextProbe()?.host, A);
  pass(1);
  assert.is(gate.nextProbe(), null);
});

test('hosts that are away are remembered when a thousand others come by', ({ gate }) => {
  gate.answered(B);
  gate.failed(A, 'refused');
  for (let n = 0; n < 1_500; n++) gate.answered(`h${n}.example:80`);
  assert.is(gate.refusal(A)?.code, 'host_away');
});

test.run();
