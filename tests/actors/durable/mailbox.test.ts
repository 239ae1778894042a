import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import { Mailbox } from '../../../src/lib/actors/durable/mailbox.ts';

test('any sequence of calls gives events out in order, and never a second one during a turn or a hold', () => {
  const call = fc.constantFrom('push', 'take', 'endTurn', 'hold', 'release', 'reset');
  fc.assert(
    fc.property(fc.array(call, { maxLength: 300 }), (calls) => {
      const mailbox = new Mailbox<number>();
      let pushed = 0;
      let taken = 0;
      let turn = false;
      let holds = 0;
      for (const name of calls) {
        if (name === 'push') mailbox.push(pushed++);
        if (name === 'take') {
          const mayTake = !turn && holds === 0 && taken < pushed;
          assert.is(mailbox.take(), mayTake ? taken : undefined);
          if (mayTake) {
            taken += 1;
            turn = true;
          }
        }
        if (name === 'endTurn') {
          mailbox.endTurn();
          turn = false;
        }
        if (name === 'hold') {
          mailbox.hold();
          holds += 1;
        }
        if (name === 'release' && holds > 0) {
          holds -= 1;
          assert.is(mailbox.release(), holds === 0);
        }
        if (name === 'reset') {
          mailbox.reset();
          turn = false;
          holds = 0;
        }
        assert.is(mailbox.size, pushed - taken);
        assert.is(mailbox.isIdle, pushed === taken && !turn && holds === 0);
      }
    }),
  );
});

test('ten thousand waiting events come out in order', () => {
  const mailbox = new Mailbox<number>();
  for (let event = 0; event < 10_000; event += 1) mailbox.push(event);
  for (let event = 0; event < 10_000; event += 1) {
    assert.is(mailbox.take(), event);
    mailbox.endTurn();
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
