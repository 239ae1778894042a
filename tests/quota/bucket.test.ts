import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Bucket } from '#lib/quota/bucket.ts';

test('a burst passes without delay, the message after it must wait', () => {
  const bucket = new Bucket({ burst: 3, perSecond: 100 }, 0);
  assert.equal(
    [0, 0, 0, 0].map((now) => bucket.charge(1, now)),
    [0, 0, 0, 10],
  );
});

test('the bucket refills with time, up to one burst', () => {
  const bucket = new Bucket({ burst: 2, perSecond: 100 }, 0);
  bucket.charge(2, 0);
  assert.is(bucket.charge(1, 10), 0);
  assert.equal(
    [9999, 9999, 9999].map((now) => bucket.charge(1, now)),
    [0, 0, 10],
  );
});

test('a sender that waits as told gets the same wait each time', () => {
  const bucket = new Bucket({ burst: 1, perSecond: 100 }, 0);
  let now = 0;
  const waits = [bucket.charge(1, now)];
  for (let n = 0; n < 5; n++) {
    const wait = bucket.charge(1, now);
    waits.push(wait);
    now += wait;
  }
  assert.equal(waits, [0, 10, 10, 10, 10, 10]);
});

test('what is refused takes nothing, and more than a burst needs a full bucket', () => {
  const bucket = new Bucket({ burst: 2, perSecond: 100 }, 0);
  assert.is(bucket.take(1, 0), 0);
  assert.equal([bucket.take(2, 0), bucket.take(2, 0)], [10, 10]);
  assert.is(bucket.take(1, 0), 0);
  assert.is(bucket.take(9, 10), 10);
  assert.is(bucket.take(9, 20), 0);
  assert.is(bucket.take(1, 20), 80);
});

test.run();
