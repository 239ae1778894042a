import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Admission, MAX_STARTS_PER_TURN, MAX_STARTS_WHILE_CONNECTING } from '#lib/channel/admission.ts';
import { waitFor } from '../support/wait.ts';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function enterMany(admission: Admission, count: number): number[] {
  const begun: number[] = [];
  for (let number = 0; number < count; number++) admission.admit(() => begun.push(number));
  return begun;
}

test('a request is begun at once', () => {
  assert.equal(enterMany(new Admission(), 1), [0]);
});

test('of many no more than a turn can take are begun in it, and all in the order in which they came', async () => {
  const count = 3 * MAX_STARTS_PER_TURN + 1;
  const begun = enterMany(new Admission(), count);
  const turns = [begun.length];
  while (begun.length < count) {
    await nextTurn();
    turns.push(begun.length);
  }
  assert.equal(
    turns.map((sum, turn) => sum - (turns[turn - 1] ?? 0)),
    [MAX_STARTS_PER_TURN, MAX_STARTS_PER_TURN, MAX_STARTS_PER_TURN, 1],
  );
  assert.equal(
    begun,
    Array.from({ length: count }, (_, number) => number),
  );
});

test('while connections come in, turns take less', async () => {
  const admission = new Admission();
  admission.connectionOpened();
  const begun = enterMany(admission, 3 * MAX_STARTS_PER_TURN);
  assert.is(begun.length, MAX_STARTS_WHILE_CONNECTING);
  admission.connectionOpened();
  await nextTurn();
  assert.is(begun.length, 2 * MAX_STARTS_WHILE_CONNECTING);
  await nextTurn();
  assert.is(begun.length, 2 * MAX_STARTS_WHILE_CONNECTING + MAX_STARTS_PER_TURN);
  await waitFor(() => begun.length === 3 * MAX_STARTS_PER_TURN, { what: 'the rest' });
});

test('who comes while others wait does not pass them', async () => {
  const admission = new Admission();
  const begun = enterMany(admission, MAX_STARTS_PER_TURN + 2);
  let late = -1;
  admission.admit(() => (late = begun.length));
  await waitFor(() => late >= 0, { what: 'the late one' });
  assert.is(late, MAX_STARTS_PER_TURN + 2);
});

test.run();
