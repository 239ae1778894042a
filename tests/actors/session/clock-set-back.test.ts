/** A clock that is set back: a download that waits is due after its own delay all the same. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LIMITS } from '#lib/actors/durable/limits.ts';
import { nextTurns } from '../../runner/fixture.ts';
import { CountedSession } from './counted-session.ts';
import { failed, phase, type Session, testSession } from './harness.ts';

const HOUR_MS = 3_600_000;

async function waiting(s: Session, name: string, failures = 1): Promise<string> {
  const id = await s.add(name);
  for (let attempt = 1; ; attempt++) {
    await s.news(phase(id, 'download', attempt), failed(id, true, attempt));
    if (attempt === failures) return id;
    await s.call('POST', `/downloads/${id}/resume`);
  }
}

/** Time passes in steps, each with room for what it sets off. */
async function pass(s: Session, ms: number, stepMs = 100): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    s.clock.increment(Math.min(stepMs, left));
    await nextTurns();
  }
}

const attempts = (s: Session, id: string): number[] =>
  s.commands.flatMap((each) => (each.type === 'start' && each.download === id ? [each.attempt] : []));

testSession('it is due after its own delay, when the clock is set back an hour meanwhile', async (s) => {
  const id = await waiting(s, 'a', 3);
  s.commands.length = 0;
  s.clock.setBackMs = HOUR_MS;
  await pass(s, 3_900);
  assert.equal(attempts(s, id), []);
  await pass(s, 200);
  assert.equal(attempts(s, id), [4]);
});

testSession('so are others of the session that wait longer, each after its own delay', async (s) => {
  const short = await waiting(s, 'a', 2);
  const long = await waiting(s, 'b', 4);
  s.commands.length = 0;
  s.clock.setBackMs = HOUR_MS;
  await pass(s, 2_100);
  assert.equal([attempts(s, short), attempts(s, long)], [[3], []]);
  await pass(s, 5_700);
  assert.equal(attempts(s, long), []);
  await pass(s, 400);
  assert.equal(attempts(s, long), [5]);
});

testSession('so is one that had waited for a restart on top of that', async (s) => {
  const id = await waiting(s, 'a', 3);
  await s.restart();
  s.clock.setBackMs = HOUR_MS;
  await s.wake();
  await pass(s, 4_100);
  assert.equal(attempts(s, id), [4]);
});

testSession(
  'a clock that is set back while it is down starts no wait anew at each further start',
  async (s) => {
    const id = await waiting(s, 'a', 3);
    s.clock.setBackMs = HOUR_MS;
    for (let start = 0; start < 3; start++) {
      await s.restart();
      await s.wake();
      await pass(s, 1_300);
    }
    await pass(s, 300);
    assert.equal(attempts(s, id), [4]);
  },
);

testSession('sessions by the hundred are all due after their delay', async (s) => {
  const names = Array.from({ length: 150 }, (_, n) => `session-${n}`);
  const ids = new Map<string, string>();
  for (const name of names) {
    const { body } = await s.call('POST', '/downloads', { url: 'https://example.org/x' }, name);
    const { id } = body as { id: string };
    ids.set(name, id);
    await s.news(name, phase(id, 'download'), failed(id, true));
  }
  s.commands.length = 0;
  s.clock.setBackMs = HOUR_MS;
  await pass(s, 1_200);
  const started = s.commands.filter(({ type }) => type === 'start');
  assert.is(started.length, names.length);
});

testSession(
  'so are all of a session with hundreds, of which one turn moves a few, and again when it is set back anew',
  async (s) => {
    const ids: string[] = [];
    for (let n = 0; n < 300; n++) ids.push(await s.add(String(n)));
    await s.sentCommand('start', ids.at(-1));
    for (const attempt of [1, 2]) {
      await s.news(...ids.map((id) => phase(id, 'download', attempt)));
      await s.news(...ids.map((id) => failed(id, true, attempt)));
      s.commands.length = 0;
      s.clock.setBackMs += HOUR_MS;
      // Turns of 15, one in each step, after 2 s: their own deadlines and those of the attempt before.
      await pass(s, 12_000);
      const started = s.commands.flatMap((each) => (each.type === 'start' ? [each.download] : []));
      assert.is(new Set(started).size, 300, `of attempt ${attempt}`);
      assert.is(started.length, 300);
    }
    const most = await s.host().get<CountedSession>('session', 's1').call('mostWrites');
    assert.ok(most <= LIMITS.turnWrites, `${most} writes in one turn`);
  },
  { sessionClass: CountedSession, maxActive: 300 },
);

testSession('progress is stored on', async (s) => {
  const id = await s.add('a');
  await s.news(phase(id, 'download'));
  s.clock.setBackMs = HOUR_MS;
  const { sample } = await import('./harness.ts');
  await s.news(sample(id, 500));
  s.clock.increment(300);
  await nextTurns();
  await s.restart();
  assert.is((await s.show(id)).receivedBytes, 500);
});

test.run();
