import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReceivedTexts } from '#lib/annie/http/body/received-texts.ts';
import { settles } from '../../support/wait.ts';
import { codeOf } from '../../support/thrown-code.ts';

test('of too many bytes the longest text is given up, and the others are received', () => {
  const texts = new ReceivedTexts(100);
  const [long, short] = [texts.begin(), texts.begin()];
  long.add(new Uint8Array(60));
  short.add(new Uint8Array(40));
  assert.is(
    codeOf(() => short.add(new Uint8Array(1))),
    'no error',
  );
  assert.is(
    codeOf(() => long.add(new Uint8Array(1))),
    'too_many_requests',
  );
  assert.equal(
    short.take().map(({ length }) => length),
    [41],
  );
});

test('a text that is taken or has ended does not count any more', () => {
  const texts = new ReceivedTexts(100);
  const [taken, ended, last] = [texts.begin(), texts.begin(), texts.begin()];
  taken.add(new Uint8Array(100));
  taken.take();
  ended.add(new Uint8Array(100));
  ended.end();
  ended.end();
  last.add(new Uint8Array(100));
  assert.is(last.length, 100);
  assert.is(
    codeOf(() => last.add(new Uint8Array(1))),
    'too_many_requests',
  );
});

test('a long text waits for its turn after each MiB, a short one never', async () => {
  const texts = new ReceivedTexts();
  const [long, short] = [texts.begin(), texts.begin()];
  const order: string[] = [];
  const receive = async (text: typeof long, name: string, chunks: number): Promise<void> => {
    for (let i = 0; i < chunks; i++) {
      text.add(new Uint8Array(1024 * 1024 - 1));
      await text.turn();
    }
    order.push(name);
  };
  await settles(Promise.all([receive(long, 'long', 3), receive(short, 'short', 1)]));
  assert.equal(order, ['short', 'long']);
  long.end();
  short.end();
});

test('small pieces wait for as many turns as the bytes that they count as', async () => {
  const texts = new ReceivedTexts();
  const [small, other] = [texts.begin(), texts.begin()];
  const order: string[] = [];
  const receive = async (text: typeof small, name: string, surplus: number): Promise<void> => {
    text.add(new Uint8Array(1000));
    text.setSurplus(surplus);
    await text.turn();
    order.push(name);
  };
  await settles(
    Promise.all([receive(small, 'three MiB', 3 * 1024 * 1024), receive(other, 'one MiB', 1024 * 1024)]),
  );
  assert.equal(order, ['one MiB', 'three MiB']);
  assert.is(small.length, 1000);
  assert.is(small.cost, 1000 + 3 * 1024 * 1024);
  small.end();
  other.end();
});

test.run();
