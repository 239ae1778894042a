/** Which connection of an HLS track fetches what: those beyond the first cost it nothing. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ExtraConnection } from '#lib/annie/engine.ts';
import { ExtraConnectionEnded, TrackWorkers } from '#lib/annie/http/hls/track-workers.ts';
import { type ErrorCode, SluiceError } from '#lib/protocol/error.ts';
import { settles } from '../../support/wait.ts';
import { codeOf } from './kit.ts';

interface Run {
  /** `first 0`, `extra 1`, in order. */
  asked: string[];
  calls: string[];
  outcome: string;
}

type Answer = (index: number, isFirst: boolean, tries: number) => Promise<void> | void;

async function run(answer: Answer, { count = 4, concurrency = 2, lends = 9 } = {}): Promise<Run> {
  const asked: string[] = [];
  const calls: string[] = [];
  const tries = new Map<string, number>();
  const done = new Set<number>();
  const openExtra = (): ExtraConnection | null => {
    if (lends-- <= 0) return null;
    const controller = new AbortController();
    let isOpen = true;
    return {
      signal: controller.signal,
      refused: () => void calls.push('refused'),
      close: () => {
        if (isOpen) calls.push('closed');
        isOpen = false;
      },
    };
  };
  const workers = new TrackWorkers({
    ...{ count, openExtra, isDone: (index: number) => done.has(index) },
    fetch: async (index, extra) => {
      const who = `${extra === null ? 'first' : 'extra'} ${index}`;
      asked.push(who);
      tries.set(who, (tries.get(who) ?? 0) + 1);
      await new Promise((resolve) => setImmediate(resolve));
      await answer(index, extra === null, tries.get(who) ?? 0);
      done.add(index);
    },
  });
  const outcome = await settles(codeOf(workers.run(concurrency)));
  if (outcome === 'done') assert.is(done.size, count);
  return { asked, calls, outcome };
}

const fails = (code: ErrorCode): never => {
  throw new SluiceError(code);
};

for (const code of [
  'connection_lost',
  'connect_failed',
  'size_mismatch',
  'timeout',
  'remote_error',
] as const) {
  test(`what another connection fails at with ${code} is the first one's`, async () => {
    const { asked, calls, outcome } = await run((_, isFirst) => (isFirst ? undefined : fails(code)));
    assert.equal([outcome, calls], ['done', ['closed']]);
    assert.equal(
      asked.filter((each) => each.startsWith('extra')),
      ['extra 1'],
    );
    const ofFirst = asked.filter((each) => each.startsWith('first'));
    assert.equal(ofFirst.sort(), ['first 0', 'first 1', 'first 2', 'first 3']);
  });
}

test('what is wrong with a fragment ends all, whichever connection has it', async () => {
  for (const isWrong of [true, false]) {
    const { outcome } = await run((_, isFirst) =>
      isFirst === isWrong ? fails('remote_not_found') : undefined,
    );
    assert.is(outcome, 'remote_not_found');
  }
});

test('a host that refuses another connection is noted, and one that had to be given back is not refused', async () => {
  const busy = await run((_, isFirst) => {
    if (!isFirst) throw new ExtraConnectionEnded(new SluiceError('remote_busy'));
  });
  assert.equal([busy.outcome, busy.calls], ['done', ['refused', 'closed']]);
  const aborted = await run((_, isFirst) => {
    if (!isFirst) throw new ExtraConnectionEnded(new Error('for another download'));
  });
  assert.equal([aborted.outcome, aborted.calls], ['done', ['closed']]);
});

test('the first waits for others that are served in its place, which then end', async () => {
  let isServed = false;
  const { asked, calls, outcome } = await run(async (index, isFirst) => {
    if (isFirst && !isServed) fails('remote_busy');
    for (let turns = 0; index === 1 && turns < 5; turns++) await new Promise((go) => setImmediate(go));
    isServed = true;
  });
  assert.equal([outcome, calls], ['done', ['refused', 'closed']]);
  assert.equal(asked, ['first 0', 'extra 1', 'first 0', 'first 2', 'first 3']);
});

test('the first fails at once with a host that serves nobody', async () => {
  for (const options of [{ concurrency: 1 }, { lends: 0 }]) {
    const { asked, outcome } = await run(() => fails('remote_busy'), options);
    assert.equal([outcome, asked], ['remote_busy', ['first 0']]);
  }
});

test('what is given up when the first has ended is fetched after all', async () => {
  const { asked, outcome } = await run(
    async (_, isFirst) => {
      if (isFirst) return;
      for (let turns = 0; turns < 20; turns++) await new Promise((go) => setImmediate(go));
      fails('connection_lost');
    },
    { count: 2 },
  );
  assert.equal([outcome, asked], ['done', ['first 0', 'extra 1', 'first 1']]);
});

test.run();
