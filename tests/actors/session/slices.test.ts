/** Work that is too much for one turn is done in slices, and no turn exceeds its limit of writes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LIMITS } from '#lib/actors/durable/limits.ts';
import { waitFor } from '../../support/wait.ts';
import { CountedSession } from './counted-session.ts';
import { failed, phase, sample, type Session, testSession } from './harness.ts';

const COUNT = 150;
const options = { sessionClass: CountedSession, maxActive: COUNT };

async function started(s: Session): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < COUNT; n += 1) ids.push(await s.add(String(n)));
  await s.sentCommand('start', ids.at(-1));
  await s.news(...ids.map((id) => phase(id, 'download')));
  return ids;
}

async function checkWrites(s: Session): Promise<void> {
  const most = await s.host().get<CountedSession>('session', 's1').call('mostWrites');
  assert.ok(most > 0 && most <= LIMITS.turnWrites, `${most} writes in one turn`);
}

testSession(
  'retries that are due at the same time all start',
  async (s) => {
    const ids = await started(s);
    await s.news(...ids.map((id) => failed(id, true)));
    s.commands.length = 0;
    s.clock.increment(10_000);
    const again = () => s.commands.flatMap((each) => (each.type === 'start' ? [each.download] : []));
    await waitFor(() => (s.clock.increment(1), again().length === COUNT), {
      what: 'all to be started again',
    });
    assert.equal(again().sort(), ids);
    await checkWrites(s);
  },
  options,
);

testSession(
  'a checkpoint stores the progress of all downloads, some in each turn',
  async (s) => {
    const ids = await started(s);
    s.clock.increment(5_000);
    for (let bytes = 100; bytes < 110; bytes += 1) await s.news(...ids.map((id) => sample(id, bytes)));
    s.clock.increment(200);
    await s.show(ids[0]!);
    await checkWrites(s);
    await s.restart();
    const stored = await Promise.all(ids.map((id) => s.show(id)));
    assert.equal(
      stored.filter(({ receivedBytes }) => receivedBytes < 100),
      [],
    );
  },
  options,
);

testSession(
  'old answers are deleted, some in each turn',
  async (s) => {
    const add = (commandId: string) => s.call('POST', '/downloads', { url: 'https://h.test/a', commandId });
    for (let n = 0; n < COUNT; n += 1) await add(`old-${n}`);
    s.clock.increment(2 * 86_400_000);
    await add('new');
    const kept = (): number => s.host().stored('session', 's1').list({ prefix: 'cmd/' }).length;
    await waitFor(() => kept() === 1, { what: 'the old ones to be forgotten' });
    await checkWrites(s);
  },
  options,
);

test.run();
