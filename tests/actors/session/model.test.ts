import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DownloadView } from '#lib/protocol/download.ts';
import { settles } from '../../support/wait.ts';
import { done, failed, phase, type Reader, startSession } from './harness.ts';
import { type Expected, SessionModel, type Step } from './model.ts';

const pick = fc.nat(1000);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ do: 'add' } as const) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('pause', 'resume', 'cancel', 'retry', 'remove'), pick }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('begin', 'done', 'fail', 'break'), pick }) },
);

/** Runs steps on a session without waiting for answers, and on a model; then compares the two. */
async function play(
  sessions: Awaited<ReturnType<typeof startSession>>,
  name: string,
  steps: Step[],
): Promise<void> {
  const model = new SessionModel(3);
  const reader = sessions.connect(name);
  reader.say({ type: 'hello' });
  await reader.hear('snapshot');
  const expected = new Map<string, Expected>();
  const answer = answersOf(reader);
  let n = 0;
  for (const each of steps) {
    const commandId = `c${n++}`;
    const command = { type: 'command', id: commandId };
    if (each.do === 'add') {
      // The session assigns the id, so wait for this answer.
      reader.say({ ...command, name: 'add', url: 'https://example.org/f' });
      const { id } = (await answer(commandId)).result as { id: string };
      model.add(id);
      continue;
    }
    const id = model.ids.length === 0 ? 'nothinghere1' : model.ids[each.pick % model.ids.length]!;
    const attempt = model.rows.find((row) => row.id === id)?.attempt ?? 1;
    switch (each.do) {
      case 'begin':
      case 'done':
      case 'fail':
      case 'break': {
        const news = { begin: phase(id, 'download', attempt), done: done(id, attempt) };
        const event =
          each.do === 'begin' || each.do === 'done'
            ? news[each.do]
            : failed(id, each.do === 'break', attempt);
        sessions.news(name, event).catch(() => {});
        model.news(each.do, id);
        break;
      }
      case 'remove':
        reader.say({ ...command, name: 'remove', downloadId: id });
        sessions.news(name, { type: 'discarded', download: id }).catch(() => {});
        expected.set(commandId, model.remove(id));
        break;
      default:
        reader.say({ ...command, name: each.do, downloadId: id });
        expected.set(commandId, model.act(each.do, id));
    }
  }
  for (const [commandId, wanted] of expected) {
    const { result, code } = await answer(commandId);
    if (wanted.ok) assert.is((result as DownloadView | null)?.state ?? null, wanted.state, commandId);
    else assert.is(code, wanted.code, commandId);
  }
  const listed: DownloadView[] = [];
  let next: string | null = '';
  while (next !== null) {
    const page = (await sessions.call('GET', `/downloads?limit=200&cursor=${next}`, undefined, name))
      .body as {
      downloads: DownloadView[];
      next: string | null;
    };
    listed.push(...page.downloads);
    next = page.next;
  }
  assert.equal(
    listed.map(({ id, state, attempt }) => ({ id, state, attempt })),
    model.rows.map(({ id, state, attempt }) => ({ id, state, attempt })).reverse(),
  );
}

/** Answers by command id. */
function answersOf(reader: Reader): (id: string) => Promise<{ result: unknown; code: string | null }> {
  return async (id) => {
    const message = await reader.answer(id);
    return message.type === 'ack'
      ? { result: message.result, code: null }
      : { result: null, code: message.error.code };
  };
}

test('any sequence of commands and runner events has the result of the model', async () => {
  const sessions = await startSession();
  let n = 0;
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), (steps) => play(sessions, `p${n++}`, steps)),
      { numRuns: 60 },
    );
    assert.equal(sessions.errors, []);
  } finally {
    await sessions.end();
  }
});

test('10,000 random commands over 50 sessions at once equal a sequential model', async () => {
  const sessions = await startSession();
  try {
    const plans = fc.sample(fc.array(step, { minLength: 200, maxLength: 200, size: 'max' }), 50);
    await settles(Promise.all(plans.map((steps, n) => play(sessions, `m${n}`, steps))), {
      deadlineMs: 90_000,
    });
    assert.equal(sessions.errors, []);
  } finally {
    await sessions.end();
  }
});

test.run();
