import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SluiceError } from '#lib/protocol/error.ts';
import type { RunnerEvent } from '#lib/protocol/runner.ts';
import { waitFor } from '../support/wait.ts';
import { createFixture, type Fixture, nextTurns, startOf, summarize, testsWith } from './fixture.ts';

const test = suite('events');
const testWith = testsWith(test);

testWith(
  'of many samples only the newest is sent, for all sessions together, once per flush interval',
  {},
  async (fixture) => {
    const { runner, http, deliveries, clock } = fixture;
    for (const session of ['s1', 's2']) {
      for (const n of [1, 2]) runner.send(session, startOf(`${session}-job${n}`));
    }
    const calls = await Promise.all([0, 1, 2, 3].map((n) => http.call(n)));
    await nextTurns();
    clock.increment(50);
    deliveries.length = 0;
    for (let bytes = 1; bytes <= 90; bytes++) for (const call of calls) call.sample(bytes);
    clock.increment(0);
    assert.equal(deliveries.map(([session, events]) => [session, summarize(events).sort()]).sort(), [
      ['s1', ['sample 90 s1-job1.1', 'sample 90 s1-job2.1']],
      ['s2', ['sample 90 s2-job1.1', 'sample 90 s2-job2.1']],
    ]);
    const one = calls.find(({ job }) => job.workDir.endsWith('s1-job1'));
    for (let bytes = 91; bytes <= 95; bytes++) one?.sample(bytes);
    clock.increment(49);
    assert.is(deliveries.length, 2, 'not before the window is over');
    clock.increment(1);
    assert.equal(summarize(deliveries[2]?.[1] ?? []), ['sample 95 s1-job1.1']);
    clock.increment(1_000);
    assert.is(deliveries.length, 3, 'nothing while nothing is new');
  },
);

testWith('a state change is sent at once, after the newest sample', {}, async (fixture) => {
  const { runner, http, events } = fixture;
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  call.sample(1);
  call.sample(2);
  call.job.onPhase('finish');
  await nextTurns();
  assert.equal(summarize(events()), ['phase download aaa.1', 'sample 2 aaa.1', 'phase finish aaa.1']);
});

testWith('what an engine reports after it has settled is ignored', {}, async (fixture) => {
  const { runner, http, event, events, clock } = fixture;
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  call.fail(new SluiceError('timeout'));
  await event('failed');
  call.sample(50);
  call.job.onPhase('finish');
  call.job.onOutput('late');
  clock.increment(1_000);
  await nextTurns();
  assert.equal(summarize(events()), ['phase download aaa.1', 'failed aaa.1']);
});

testWith('the outcome carries the last 4 kB of output as plain text', {}, async ({ runner, http, event }) => {
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  for (let n = 0; n < 3_000; n++) call.job.onOutput(`línea ${n}\r\n`);
  call.job.onOutput('\u001B[31mred\u001B[0m\u202E\u0007\tend\uD800');
  call.fail(new SluiceError('engine_exit'));
  const { output } = await event('failed');
  assert.ok(Buffer.byteLength(output) <= 4096 && Buffer.byteLength(output) > 4000);
  assert.ok(output.endsWith('línea 2999\nred\tend\uFFFD'), JSON.stringify(output.slice(-40)));
  assert.not.match(output, /[^\P{Cc}\n\t]/u);
});

testWith(
  'the registry picks the engines, and one that cannot handle the URL hands over to the next',
  {},
  async (fixture) => {
    const { runner, http, other, event, events } = fixture;
    runner.send('s1', startOf('aaa', 1, { engine: null, streamId: '137' }));
    (await http.call(0)).fail(new SluiceError('no_media'));
    const call = await other.call(0);
    assert.is(call.job.streamId, '137');
    await call.finish();
    await event('done');
    const phases = events().filter((sent) => sent.type === 'phase');
    assert.equal(
      phases.map(({ phase, engine }) => [phase, engine]),
      [
        ['parse', null],
        ['download', 'http'],
        ['download', 'yt-dlp'],
        ['finish', 'yt-dlp'],
      ],
    );
  },
);

testWith(
  'an engine that fails after bytes came, or for another reason, does not hand over',
  {},
  async (fixture) => {
    const { runner, http, other, event } = fixture;
    runner.send('s1', startOf('aaa', 1, { engine: null }));
    const call = await http.call(0);
    call.sample(5);
    call.fail(new SluiceError('no_media'));
    assert.is((await event('failed')).error.code, 'no_media');
    runner.send('s1', startOf('bbb', 1, { engine: null }));
    (await http.call(1)).fail(new SluiceError('remote_not_found'));
    assert.is((await event('failed', 1)).error.code, 'remote_not_found');
    assert.is(other.calls.length, 0);
  },
);

testWith(
  'a probe that hangs ends with the stop of its job',
  { classify: () => new Promise(() => undefined) },
  async ({ runner, event }) => {
    runner.send('s1', startOf('aaa', 1, { engine: null }));
    await event('phase');
    runner.send('s1', { type: 'stop', download: 'aaa', attempt: 1 });
    await event('stopped');
  },
);

test('a move that a dead runner began is completed by the next one without its engine', async () => {
  const fixture = await createFixture();
  try {
    const { runner, http, event } = fixture;
    runner.send('s1', startOf('aaa'));
    await (await http.call(0)).finish('clip.mp4', 'body');
    const { file } = await event('done');
    await runner.close();
    const next = await createFixture({ downloadDir: fixture.dir });
    next.runner.send('s1', startOf('aaa'));
    assert.equal((await next.event('done')).file, file);
    assert.equal(summarize(next.events()), ['phase finish aaa.1', 'landed aaa.1', 'done aaa.1']);
    assert.is(next.http.calls.length, 0);
    await next.close();
    assert.equal(await fixture.files(), ['clip.mp4']);
  } finally {
    await fixture.close();
  }
});

test('the last thousand outcomes that no session has acknowledged are kept', async () => {
  const fixture = await createFixture();
  try {
    const { runner, http, events } = fixture;
    http.download = () => Promise.reject(new SluiceError('remote_not_found'));
    for (let n = 0; n < 1_010; n++) runner.send('s1', startOf(`job-${n}`));
    await waitFor(() => events().filter(({ type }) => type === 'failed').length === 1_010);
    assert.is(runner.jobs().length, 1_000);
  } finally {
    await fixture.close();
  }
});

test('a session whose sink throws does not cost the others their events', async () => {
  const got: RunnerEvent[] = [];
  const fixture = await createFixture({
    onEvents: (session, events) => {
      if (session === 's1') throw new Error('no');
      got.push(...events);
    },
  });
  try {
    for (const session of ['s1', 's2']) fixture.runner.send(session, startOf(`${session}-job`));
    await waitFor(() => got.length > 0);
    assert.equal(summarize(got), ['phase download s2-job.1']);
    await waitFor(() => fixture.logged.includes('a session could not take its events'));
  } finally {
    await fixture.close();
  }
});

test('a sink may answer with commands', async () => {
  const fixture: Fixture = await createFixture({
    onEvents: (session, events) => {
      fixture.deliveries.push([session, events]);
      for (const sent of events) {
        if (sent.type === 'failed' && sent.attempt < 4) {
          fixture.runner.send(session, startOf(sent.download, sent.attempt + 1));
        }
      }
    },
  });
  try {
    fixture.runner.send('s1', startOf('aaa'));
    for (let n = 0; n < 3; n++) (await fixture.http.call(n)).fail(new SluiceError('timeout'));
    await (await fixture.http.call(3)).finish();
    assert.is((await fixture.event('done')).attempt, 4);
    assert.equal(await fixture.files(), ['clip.mp4']);
  } finally {
    await fixture.close();
  }
});

test.run();
