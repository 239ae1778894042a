/** An operator looks into a list: whoever has it open is told, and it ends by itself. */
import * as assert from 'uvu/assert';
import { test } from 'uvu';
import type { SessionActor } from '#lib/actors/session/session-actor.ts';
import type { Totals } from '#lib/protocol/download.ts';
import type { VisitChange } from '#lib/protocol/visit.ts';
import { waitFor } from '../../support/wait.ts';
import { type Reader, type Session, START, testSession } from './harness.ts';

const HOUR_MS = 60 * 60_000;
const OLGA = { type: 'begin', person: 'o', name: 'Olga' } as const;

const visits = (s: Session, change: VisitChange | null = null) =>
  s.host().get<SessionActor>('session', 's1').call('visits', change);
const ends = async (s: Session) => (await visits(s)).map(({ ended }) => ended?.by ?? null);

/** What was sent last about it. */
function shownTo({ messages }: Reader): Totals['visit'] | null {
  const totals = messages.flatMap((message) =>
    'totals' in message && message.totals ? [message.totals] : [],
  );
  return totals.at(-1)?.visit ?? null;
}

/** What is sent, waits for its commit. */
const isShown = (reader: Reader, name: string | null) =>
  waitFor(() => (shownTo(reader)?.name ?? null) === name, { what: `the visit of ${name} to be shown` });
const hasEnded = (s: Session, ...expected: (string | null)[]) =>
  waitFor(async () => String(await ends(s)) === String(expected), { what: `the ends ${expected.join()}` });

function open(s: Session): Reader {
  const reader = s.connect();
  reader.say({ type: 'hello' });
  return reader;
}

testSession('who has the list open sees it begin, and end by the alarm at the hour', async (s) => {
  const reader = open(s);
  await s.add('one');
  await visits(s, OLGA);
  const until = new Date(START + HOUR_MS).toISOString();
  await isShown(reader, 'Olga');
  assert.is(shownTo(reader)?.until, until);
  await isShown(open(s), 'Olga');
  s.clock.increment(HOUR_MS - 1);
  await visits(s, OLGA);
  assert.is((await visits(s)).length, 1, 'asking again makes it no longer');
  s.clock.increment(1);
  await hasEnded(s, 'time');
  await isShown(reader, null);
});

testSession('it ends by a click of either, and goes on over a restart', async (s) => {
  await visits(s, OLGA);
  await visits(s, { type: 'begin', person: 'p', name: 'Pia' });
  await s.restart();
  const reader = open(s);
  await isShown(reader, 'Pia');
  await visits(s, { type: 'end', person: 'p', by: 'operator' });
  await isShown(reader, 'Olga');
  await visits(s, { type: 'end', person: null, by: 'owner' });
  await isShown(reader, null);
  assert.equal(await ends(s), ['operator', 'owner']);
  await visits(s, { type: 'end', person: null, by: 'operator' });
  s.clock.increment(HOUR_MS);
  await s.wake();
  assert.equal(await ends(s), ['operator', 'owner'], 'what has ended stays as it ended');
});

testSession('an hour that passed while the server was off is over', async (s) => {
  await visits(s, OLGA);
  await s.host().close();
  s.clock.increment(2 * HOUR_MS);
  await s.restart();
  await waitFor(async () => {
    s.clock.increment(1000);
    return String(await ends(s)) === 'time';
  });
  const [visit] = await visits(s);
  assert.equal(visit?.ended, { at: START + HOUR_MS, by: 'time' });
});

testSession('the newest fifty are kept', async (s) => {
  for (let n = 0; n < 52; n++) {
    await visits(s, { ...OLGA, name: String(n) });
    await visits(s, { type: 'end', person: 'o', by: 'operator' });
    s.clock.increment(1);
  }
  const kept = await visits(s);
  assert.equal([kept.length, kept[0]?.name, kept.at(-1)?.name], [50, '51', '2']);
});

test.run();
