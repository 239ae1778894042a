import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SluiceError } from '#lib/protocol/error.ts';
import type { SessionActor } from '#lib/actors/session/session-actor.ts';
import { storedOwner } from '#lib/actors/session/rows-with-bytes.ts';
import { testSession, type Session } from './harness.ts';

/** All that is stored of a session, as text. */
function storedText(s: Session): string {
  const stored = s.host().stored('session', 's1');
  return JSON.stringify([...stored.list({ prefix: '' })]);
}

let visitor: string | null = null;
const ownerOf = (): string | null => visitor;

test.before.each(() => {
  visitor = null;
});

testSession(
  'the visitor who adds the first download owns the list: later visitors and restarts change nothing',
  async (s) => {
    visitor = 'first';
    const id = await s.add('a');
    assert.is((await s.sentCommand('start', id)).owner, 'first');
    visitor = 'second';
    const other = await s.add('b');
    assert.is((await s.sentCommand('start', other)).owner, 'first');
    visitor = null;
    await s.restart();
    await s.wake();
    await s.news({ type: 'jobs', jobs: [] });
    assert.is((await s.sentCommand('start', id)).owner, 'first');
  },
  { ownerOf },
);

testSession(
  'looking something up stores no owner, and counts for the visitor who does',
  async (s) => {
    visitor = 'curious';
    const answer = s.host().get<SessionActor>('session', 's1');
    void answer.call('ask', { name: 'parse', url: 'https://h.test/', engine: null, cursor: null }, 'r');
    assert.is((await s.sentCommand('parse')).owner, 'curious');
    assert.not.match(storedText(s), 'curious');
    visitor = 'buyer';
    const id = await s.add('a');
    assert.is((await s.sentCommand('start', id)).owner, 'buyer');
    await answer.call('abandon', 'r');
  },
  { ownerOf },
);

testSession(
  'a list of an earlier version gets its owner with the next download',
  async (s) => {
    const before = await s.add('a');
    assert.is((await s.sentCommand('start', before)).owner, undefined);
    visitor = 'now';
    await s.add('b');
    visitor = null;
    await s.restart();
    await s.wake();
    await s.news({ type: 'jobs', jobs: [] });
    assert.is((await s.sentCommand('start', before)).owner, 'now');
  },
  { ownerOf },
);

const addsPerDay: (number | null)[] = [];
const counted: [owner: string | null, bytes: number][] = [];
testSession(
  'an add is counted before anything is stored, with about the bytes that it takes',
  async (s) => {
    visitor = 'o';
    const url = `https://h.test/${'x'.repeat(5_000)}`;
    assert.is((await s.call('POST', '/downloads', { url })).status, 202);
    assert.is(counted[0]?.[0], 'o');
    assert.ok((counted[0]?.[1] ?? 0) > 5_000 && (counted[0]?.[1] ?? 0) < 6_500);
    const refused = await s.call('POST', '/downloads', { url: 'https://h.test/refused', commandId: 'again' });
    assert.is(refused.status, 429);
    assert.not.match(storedText(s), 'refused');
    // It passes by itself: the same command may be sent again.
    assert.is(
      (await s.call('POST', '/downloads', { url: 'https://h.test/refused', commandId: 'again' })).status,
      202,
    );
  },
  {
    ownerOf,
    countAdd(owner, bytes) {
      counted.push([owner, bytes]);
      if (counted.length === 2)
        throw new SluiceError('too_many_requests', undefined, { retryAfterMs: 5_000 });
    },
  },
);

const found = { page: `https://h.test/${'p'.repeat(4_000)}`, title: 't'.repeat(500), setsCookies: false };
const bytes: number[] = [];
testSession(
  'where a look-up has found it is counted too, as it is stored',
  async (s) => {
    await s.add('a');
    assert.ok((bytes[0] ?? 0) > 4_000 + 2 * 500 && (bytes[0] ?? 0) < 6_500, `${bytes[0]}`);
  },
  { foundOn: () => found, countAdd: (_owner, count) => void bytes.push(count) },
);

testSession("an add's texts are stored once, also when it has a command id and is repeated", async (s) => {
  const texts = {
    url: `https://h.test/dir/${'u'.repeat(4_000)}/end`,
    filename: `${'f'.repeat(700)}.bin`,
    sha256: 'a'.repeat(64),
  };
  for (let n = 0; n < 2; n++) {
    assert.is((await s.call('POST', '/downloads', { ...texts, commandId: 'c1' })).status, 202);
  }
  const text = storedText(s);
  for (const value of Object.values(texts)) assert.is(text.split(value).length - 1, 1, value.slice(0, 20));
  assert.ok(text.length < 4_000 + 2 * 700 + 1_500, `${text.length}`);
});

testSession(
  'a list of a person counts for the person, with their limits, also after a restart',
  async (s) => {
    visitor = 'visitor';
    await s.add('before');
    const limits = { bytes: 1_000, slots: 2, addsPerDay: null };
    const owned = () =>
      s.host().get<SessionActor>('session', 's1').call('ownedBy', { person: 'ann', limits });
    await owned();
    await owned();
    const id = await s.add('a');
    const { owner, limits: sent } = await s.sentCommand('start', id);
    assert.equal([owner, sent], ['person:ann', { bytes: 1_000, slots: 2 }]);
    assert.equal(addsPerDay, [null, null]);
    await s.restart();
    await s.wake();
    await s.news({ type: 'jobs', jobs: [] });
    assert.is((await s.sentCommand('start', id)).owner, 'person:ann');
    assert.is(storedOwner(s.host().stored('session', 's1')), 'person:ann');
    const free = { person: 'ann', limits: { bytes: null, slots: null, addsPerDay: 7 } };
    await s.host().get<SessionActor>('session', 's1').call('ownedBy', free);
    assert.equal((await s.sentCommand('start', await s.add('c'))).limits, {});
    assert.equal(addsPerDay, [null, null, 7]);
  },
  { ownerOf, countAdd: (_owner, _bytes, perDay) => void addsPerDay.push(perDay) },
);

test.run();
