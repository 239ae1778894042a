import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SluiceError } from '#lib/protocol/error.ts';
import type { RunnerEvent } from '#lib/protocol/runner.ts';
import { settles, waitFor } from '../support/wait.ts';
import { briefly, layGround, settleTurns, startOf, type Ground, type GroundOptions } from './ground.ts';

const test = suite('events');

function grounded(name: string, options: GroundOptions, body: (ground: Ground) => Promise<void>): void {
  test(name, async () => {
    const ground = await layGround(options);
    try {
      await settles(body(ground), { what: name });
    } finally {
      await ground.close();
    }
  });
}

grounded(
  'of many samples only the newest is sent, all sessions together, once a window',
  {},
  async (ground) => {
    const { runner, http, letters, clock } = ground;
    for (const session of ['s1', 's2']) {
      for (const n of [1, 2]) runner.send(session, startOf(`${session}-job${n}`));
    }
    const calls = await Promise.all([0, 1, 2, 3].map((n) => http.call(n)));
    await settleTurns();
    clock.increment(50);
    letters.length = 0;
    for (let bytes = 1; bytes <= 90; bytes++) for (const call of calls) call.sample(bytes);
    clock.increment(0);
    assert.equal(letters.map(([session, events]) => [session, briefly(events).sort()]).sort(), [
      ['s1', ['sample 90 s1-job1.1', 'sample 90 s1-job2.1']],
      ['s2', ['sample 90 s2-job1.1', 'sample 90 s2-job2.1']],
    ]);
    const one = calls.find(({ job }) => job.workDir.endsWith('s1-job1'));
    for (let bytes = 91; bytes <= 95; bytes++) one?.sample(bytes);
    clock.increment(49);
    assert.is(letters.length, 2, 'not before the window is over');
    clock.increment(1);
    assert.equal(briefly(letters[2]?.[1] ?? []), ['sample 95 s1-job1.1']);
    clock.increment(1_000);
    assert.is(letters.length, 3, 'nothing while nothing is new');
  },
);

grounded(
  'a change of state does not wait for the window and takes the newest sample along',
  {},
  async (ground) => {
    const { runner, http, events } = ground;
    runner.send('s1', startOf('aaa'));
    const call = await http.call(0);
    call.sample(1);
    call.sample(2);
    call.job.onPhase('finish');
    await settleTurns();
    assert.equal(briefly(events()), ['phase download aaa.1', 'sample 2 aaa.1', 'phase finish aaa.1']);
  },
);

grounded('what an engine says after it has settled is not heard', {}, async (ground) => {
  const { runner, http, event, events, clock } = ground;
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  call.fail(new SluiceError('timeout'));
  await event('failed');
  call.sample(50);
  call.job.onPhase('finish');
  call.job.onOutput('late');
  clock.increment(1_000);
  await settleTurns();
  assert.equal(briefly(events()), ['phase download aaa.1', 'failed aaa.1']);
});

grounded('the last 4 kB of output go with the end, as plain text', {}, async ({ runner, http, event }) => {
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

grounded('the registry picks, and who cannot hands over to the next', {}, async (ground) => {
  const { runner, http, other, event, events } = ground;
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
});

grounded(
  'an engine that fails after bytes came, or for another reason, does not hand over',
  {},
  async (ground) => {
    const { runner, http, other, event } = ground;
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

grounded(
  'a probe that hangs ends with the stop of its job',
  { classify: () => new Promise(() => undefined) },
  async ({ runner, event }) => {
    runner.send('s1', startOf('aaa', 1, { engine: null }));
    await event('phase');
    runner.send('s1', { type: 'stop', download: 'aaa', attempt: 1 });
    await event('stopped');
  },
);

test('a move that a dead runner left is finished by the next one without its engine', async () => {
  const ground = await layGround();
  try {
    const { runner, http, event } = ground;
    runner.send('s1', startOf('aaa'));
    await (await http.call(0)).finish('clip.mp4', 'body');
    const { file } = await event('done');
    await runner.close();
    const next = await layGround({ downloadDir: ground.dir });
    next.runner.send('s1', startOf('aaa'));
    assert.equal((await next.event('done')).file, file);
    assert.equal(briefly(next.events()), ['phase finish aaa.1', 'done aaa.1']);
    assert.is(next.http.calls.length, 0);
    await next.close();
    assert.equal(await ground.files(), ['clip.mp4']);
  } finally {
    await ground.close();
  }
});

test('outcomes that no session stores are remembered for the last thousand', async () => {
  const ground = await layGround();
  try {
    const { runner, http, events } = ground;
    http.download = () => Promise.reject(new SluiceError('remote_not_found'));
    for (let n = 0; n < 1_010; n++) runner.send('s1', startOf(`job-${n}`));
    await waitFor(() => events().filter(({ type }) => type === 'failed').length === 1_010);
    assert.is(runner.jobs().length, 1_000);
  } finally {
    await ground.close();
  }
});

test('a session whose sink throws does not cost the others their events', async () => {
  const got: RunnerEvent[] = [];
  const ground = await layGround({
    onEvents: (session, events) => {
      if (session === 's1') throw new Error('no');
      got.push(...events);
    },
  });
  try {
    for (const session of ['s1', 's2']) ground.runner.send(session, startOf(`${session}-job`));
    await waitFor(() => got.length > 0);
    assert.equal(briefly(got), ['phase download s2-job.1']);
    assert.ok(ground.logged.includes('a session could not take its events'));
  } finally {
    await ground.close();
  }
});

test('a sink may answer with commands', async () => {
  const ground: Ground = await layGround({
    onEvents: (session, events) => {
      ground.letters.push([session, events]);
      for (const sent of events) {
        if (sent.type === 'failed' && sent.attempt < 4) {
          ground.runner.send(session, startOf(sent.download, sent.attempt + 1));
        }
      }
    },
  });
  try {
    ground.runner.send('s1', startOf('aaa'));
    for (let n = 0; n < 3; n++) (await ground.http.call(n)).fail(new SluiceError('timeout'));
    await (await ground.http.call(3)).finish();
    assert.is((await ground.event('done')).attempt, 4);
    assert.equal(await ground.files(), ['clip.mp4']);
  } finally {
    await ground.close();
  }
});

test.run();
