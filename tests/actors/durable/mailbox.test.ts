import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import { Mailbox } from '../../../src/lib/actors/durable/mailbox.ts';

test('any sequence of calls gives events out in order, each once', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('push', 'take'), { maxLength: 300 }), (calls) => {
      const mailbox = new Mailbox<number>();
      let pushed = 0;
      let taken = 0;
      for (const name of calls) {
        if (name === 'push') mailbox.push(pushed++);
        else assert.is(mailbox.take(), taken < pushed ? taken++ : undefined);
        assert.is(mailbox.size, pushed - taken);
      }
    }),
  );
});

test('ten thousand waiting events come out in order', () => {
  const mailbox = new Mailbox<number>();
  for (let event = 0; event < 10_000; event += 1) mailbox.push(event);
  for (let event = 0; event < 10_000; event += 1) {
    assert.is(mailbox.take(), event);
  }
  assert.is(mailbox.take(), undefined);
});

test('clearing returns what waits and leaves nothing', () => {
  const mailbox = new Mailbox<number>();
  for (let event = 0; event < 3; event += 1) mailbox.push(event);
  assert.is(mailbox.take(), 0);
  assert.equal(mailbox.clear(), [1, 2]);
  assert.is(mailbox.size, 0);
});

test.run();
