import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MessageRate } from '#lib/channel/message-rate.ts';

test('a burst passes without delay, the message after it must wait', () => {
  const rate = new MessageRate(3, 100);
  assert.equal(
    [0, 0, 0, 0].map((now) => rate.waitAfterMessage(now)),
    [0, 0, 0, 10],
  );
});

test('the bucket refills with time, up to one burst', () => {
  const rate = new MessageRate(2, 100);
  rate.waitAfterMessage(0);
  rate.waitAfterMessage(0);
  assert.is(rate.waitAfterMessage(10), 0);
  assert.equal(
    [9999, 9999, 9999].map((now) => rate.waitAfterMessage(now)),
    [0, 0, 10],
  );
});

test('a sender that waits as told gets the same wait each time', () => {
  const rate = new MessageRate(1, 100);
  let now = 0;
  const waits = [rate.waitAfterMessage(now)];
  for (let n = 0; n < 5; n++) {
    const wait = rate.waitAfterMessage(now);
    waits.push(wait);
    now += wait;
  }
  assert.equal(waits, [0, 10, 10, 10, 10, 10]);
});

test.run();
