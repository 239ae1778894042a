/**
 * Random commands from three sessions to engines that succeed, fail, hang or are slow to end, on a real
 * folder. Invariants are checked from outside, by the engine calls and the events.
 */
import fc from 'fast-check';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SluiceError } from '#lib/protocol/error.ts';
import type { JobRef, RunnerEvent } from '#lib/protocol/runner.ts';
import { waitFor } from '../support/wait.ts';
import { createFixture, nextTurns, startOf, type EngineCall, type Fixture } from './fixture.ts';

const MAX_ACTIVE = 3;
const SESSIONS = ['s0', 's1', 's2'];
const JOBS_PER_SESSION = 4;

type Step =
  | { do: 'start' | 'stop' | 'settle' | 'discard'; job: number; attempt: 'same' | 'newer' | 'older' }
  | { do: 'want'; session: number; keep: number }
  | { do: 'succeed' | 'fail' | 'let go' | 'sample'; call: number }
  | { do: 'wait' };

const job = fc.nat({ max: SESSIONS.length * JOBS_PER_SESSION - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('start'),
      job,
      attempt: fc.constantFrom('same', 'newer', 'older'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('stop', 'settle', 'discard'),
      job,
      attempt: fc.constantFrom('same', 'older'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('want'), session: fc.nat({ max: 2 }), keep: fc.nat() }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('succeed', 'fail', 'let go', 'sample'), call: fc.nat() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait') }) },
) as fc.Arbitrary<Step>;

/** The commands sent so far, as sessions would remember them. */
class Model {
  readonly attempts = new Map<string, number>();
  /** How often each attempt was started; how often stopped, taken over or discarded. */
  readonly starts = new Map<string, number>();
  readonly ended = new Set<string>();
  discards = 0;
  stops = 0;
  wants = 0;

  key({ download, attempt }: JobRef): string {
    return `${download}.${attempt}`;
  }

  attempt(download: string): number {
    return this.attempts.get(download) ?? 1;
  }
}

function download(n: number): [session: string, download: string] {
  const session = SESSIONS[n % SESSIONS.length] ?? 's0';
  return [session, `${session}-job${Math.floor(n / SESSIONS.length)}`];
}

/** Checks every engine call as it begins. */
function watch({ http }: Fixture): { broken: string[]; working: () => EngineCall[] } {
  const broken: string[] = [];
  const working = (): EngineCall[] => http.calls.filter((call) => !call.isOver);
  const engineDownload = http.download.bind(http);
  http.endsOnAbort = false;
  http.download = (engineJob) => {
    if (working().some((call) => call.job.workDir === engineJob.workDir)) {
      broken.push(`two engines in ${basename(engineJob.workDir)}`);
    }
    const result = engineDownload(engineJob);
    if (working().length > MAX_ACTIVE) broken.push(`${working().length} engines at once`);
    return result;
  };
  return { broken, working };
}

function perform(
  fixture: Fixture,
  model: Model,
  one: Step,
  working: () => EngineCall[],
): Promise<void> | void {
  const { runner } = fixture;
  switch (one.do) {
    case 'start': {
      const [session, id] = download(one.job);
      const known = model.attempt(id);
      const attempt = one.attempt === 'same' ? known : one.attempt === 'newer' ? known + 1 : known - 1;
      if (attempt < 1) return;
      if (attempt > known) model.ended.add(model.key({ download: id, attempt: known }));
      model.attempts.set(id, Math.max(known, attempt));
      const key = model.key({ download: id, attempt });
      model.starts.set(key, (model.starts.get(key) ?? 0) + 1);
      return runner.send(session, startOf(id, attempt, { filename: `${id}.bin` }));
    }
    case 'stop': {
      const [session, id] = download(one.job);
      const attempt = Math.max(1, model.attempt(id) - (one.attempt === 'older' ? 1 : 0));
      model.ended.add(model.key({ download: id, attempt }));
      model.stops++;
      return runner.send(session, { type: 'stop', download: id, attempt });
    }
    case 'settle': {
      const [session, id] = download(one.job);
      return runner.send(session, { type: 'settle', download: id });
    }
    case 'discard': {
      const [session, id] = download(one.job);
      model.ended.add(model.key({ download: id, attempt: model.attempt(id) }));
      model.discards++;
      return runner.send(session, { type: 'discard', download: id, file: null });
    }
    case 'want': {
      const session = SESSIONS[one.session] ?? 's0';
      const mine = runner.jobs().filter((held) => held.session === session);
      const keep = mine.filter((_, n) => (one.keep >> n) & 1);
      for (const held of mine) if (!keep.includes(held)) model.ended.add(model.key(held));
      model.wants++;
      return runner.send(session, { type: 'want', jobs: keep });
    }
    case 'wait':
      return nextTurns();
    default: {
      const calls = working();
      const call = calls[one.call % calls.length];
      if (!call) return;
      if (one.do === 'sample') return call.sample(one.call % 100);
      if (one.do === 'fail') return call.fail(new SluiceError('remote_error'));
      if (one.do === 'succeed') return call.finish('x.bin', basename(call.job.workDir));
      if (call.job.signal.aborted) call.endAborted();
    }
  }
}

async function endAll(fixture: Fixture, working: () => EngineCall[]): Promise<void> {
  await waitFor(
    async () => {
      for (const call of working()) {
        if (call.job.signal.aborted) call.endAborted();
        else await call.finish('x.bin', basename(call.job.workDir));
      }
      await nextTurns();
      return fixture.runner.jobs().every(({ state }) => state === 'ended');
    },
    { what: 'everything to end' },
  );
  await nextTurns();
}

function check(fixture: Fixture, model: Model): void {
  const all: RunnerEvent[] = SESSIONS.flatMap((session) => fixture.events(session));
  for (const session of SESSIONS) {
    for (const event of fixture.events(session)) {
      if ('download' in event)
        assert.ok(event.download.startsWith(session), 'events go to their own session');
    }
  }
  const count = (type: RunnerEvent['type']): number => all.filter((event) => event.type === type).length;
  assert.is(count('discarded'), model.discards, 'every discard is answered once');
  assert.is(count('jobs'), model.wants, 'every want is answered once');
  assert.ok(count('stopped') >= model.stops, 'every stop is answered');
  for (const [id, attempt] of model.attempts) {
    const key = model.key({ download: id, attempt });
    const starts = model.starts.get(key) ?? 0;
    const outcomes = all.filter(
      (event) =>
        (event.type === 'done' || event.type === 'failed') &&
        event.download === id &&
        event.attempt === attempt,
    );
    if (starts > 0 && !model.ended.has(key)) assert.ok(outcomes.length >= 1, `${key} ends in an outcome`);
    assert.ok(outcomes.length <= starts, `${key}: ${outcomes.length} outcomes of ${starts} starts`);
  }
}

test('commands in any order keep the promises of the port', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 80 }), async (steps) => {
      const fixture = await createFixture({
        maxActive: MAX_ACTIVE,
        stuckMs: Infinity,
        stallMs: Infinity,
      });
      try {
        const { broken, working } = watch(fixture);
        const model = new Model();
        for (const one of steps) {
          await perform(fixture, model, one, working);
          assert.equal(broken, []);
          if (one.do === 'wait') assertBusy(fixture);
        }
        await endAll(fixture, working);
        assert.equal(broken, []);
        check(fixture, model);
        await checkFolder(fixture);
      } finally {
        await fixture.close();
      }
    }),
    { numRuns: Number(process.env['RUNS'] ?? 60) },
  );
});

/** No job waits while a slot is free. */
function assertBusy({ runner }: Fixture): void {
  const count = (...states: string[]): number =>
    runner.jobs().filter(({ state }) => states.includes(state)).length;
  assert.ok(
    count('waiting') === 0 || count('running', 'ending') >= MAX_ACTIVE,
    'a place is free, yet somebody waits',
  );
}

/** The folder holds exactly the files that were reported, each complete. */
async function checkFolder(fixture: Fixture): Promise<void> {
  const told = new Map<string, string>();
  for (const session of SESSIONS) {
    for (const event of fixture.events(session)) {
      if (event.type === 'done') told.set(event.file.name, event.download);
    }
  }
  for (const [name, id] of told) assert.is(await readFile(join(fixture.dir, name), 'utf8'), id);
  assert.equal(await fixture.files(), [...told.keys()].sort(), 'no file is there that nobody was told of');
}

test.run();
