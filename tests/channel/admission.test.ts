import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  Admission,
  MAX_STARTS_OF_STRANGER,
  MAX_STARTS_PER_TURN,
  MAX_STARTS_WHILE_CONNECTING,
} from '#lib/channel/admission.ts';
import { LOCAL } from '#lib/quota/quota.ts';
import { waitFor } from '../support/wait.ts';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function admitMany(admission: Admission, count: number): number[] {
  const started: number[] = [];
  for (let number = 0; number < count; number++) admission.admit(() => started.push(number));
  return started;
}

test('a single request starts at once', () => {
  assert.equal(admitMany(new Admission(), 1), [0]);
});

test('many requests start in order, no more than the limit in each turn', async () => {
  const count = 3 * MAX_STARTS_PER_TURN + 1;
  const started = admitMany(new Admission(), count);
  const turns = [started.length];
  while (started.length < count) {
    await nextTurn();
    turns.push(started.length);
  }
  assert.equal(
    turns.map((sum, turn) => sum - (turns[turn - 1] ?? 0)),
    [MAX_STARTS_PER_TURN, MAX_STARTS_PER_TURN, MAX_STARTS_PER_TURN, 1],
  );
  assert.equal(
    started,
    Array.from({ length: count }, (_, number) => number),
  );
});

test('while connections arrive, fewer requests start in a turn', async () => {
  const admission = new Admission();
  admission.connectionOpened();
  const started = admitMany(admission, 3 * MAX_STARTS_PER_TURN);
  assert.is(started.length, MAX_STARTS_WHILE_CONNECTING);
  admission.connectionOpened();
  await nextTurn();
  assert.is(started.length, 2 * MAX_STARTS_WHILE_CONNECTING);
  await nextTurn();
  assert.is(started.length, 2 * MAX_STARTS_WHILE_CONNECTING + MAX_STARTS_PER_TURN);
  await waitFor(() => started.length === 3 * MAX_STARTS_PER_TURN, { what: 'the rest' });
});

test('a request that arrives while others wait does not overtake them', async () => {
  const admission = new Admission();
  const started = admitMany(admission, MAX_STARTS_PER_TURN + 2);
  let late = -1;
  admission.admit(() => (late = started.length));
  await waitFor(() => late >= 0, { what: 'the late request' });
  assert.is(late, MAX_STARTS_PER_TURN + 2);
});

test('a stranger gets a part of each turn, and its flood delays neither this machine nor another stranger', async () => {
  const admission = new Admission();
  const started: string[] = [];
  const admit = (owner: string, count: number): void => {
    for (let n = 0; n < count; n++) admission.admit(() => started.push(owner), owner);
  };
  const of = (owner: string): number => started.filter((one) => one === owner).length;
  admit('flood', 1_000);
  assert.is(of('flood'), MAX_STARTS_OF_STRANGER);
  admit('other', 2);
  admit(LOCAL, 3);
  assert.equal([of('other'), of(LOCAL)], [2, 3]);
  await nextTurn();
  assert.is(of('flood'), 2 * MAX_STARTS_OF_STRANGER);
  await waitFor(() => of('flood') === 1_000, { what: 'the end of the flood' });
});

test('owners take turns, however many wait, and none is left out', async () => {
  const admission = new Admission();
  const started: number[] = [];
  const owners = 3 * MAX_STARTS_PER_TURN;
  for (let n = 0; n < 2; n++) {
    for (let owner = 0; owner < owners; owner++) admission.admit(() => started.push(owner), `o${owner}`);
  }
  await waitFor(() => started.length === 2 * owners, { what: 'all of them' });
  assert.is(new Set(started.slice(0, owners)).size, owners);
});

test.run();
