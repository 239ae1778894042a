import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  durationParts,
  formatBytes,
  formatPercent,
  formatSpeed,
  formatWhen,
  hostOf,
} from '#lib/ui/format.ts';

/** Intl uses several kinds of no-break spaces. */
const plain = (text: string) => text.replace(/\s/g, ' ');

test('sizes have decimal units and one decimal below 100', () => {
  for (const [bytes, text] of [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [12_345, '12.3 kB'],
    [99_949, '99.9 kB'],
    [99_951, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [104_857_600, '105 MB'],
    [1_073_741_824, '1.1 GB'],
    [2e18, '2,000 PB'],
  ] as const) {
    assert.is(plain(formatBytes(bytes, 'en')), text);
  }
});

test('a size is never shown as 1000 of a unit where there is a larger one', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 31 - 1 }), fc.integer({ min: 0, max: 20 }), (n, power) => {
      assert.not.match(formatBytes((n * 2 ** power) / 1024, 'en'), /1,?000/);
    }),
  );
});

test('speeds are sizes per second in the language of the locale', () => {
  assert.is(plain(formatSpeed(12_345_678, 'en')), '12.3 MB/s');
  assert.is(plain(formatSpeed(512, 'en')), '512 B/s');
  assert.is(plain(formatBytes(512, 'zh')), '512 B');
  assert.match(formatSpeed(12_345_678, 'zh'), /12\.3/);
  assert.is.not(formatSpeed(1234, 'zh'), '');
});

test('a percentage is floored, so that only the whole is 100', () => {
  assert.is(formatPercent(99.99, 'en'), '99.9%');
  assert.is(formatPercent(100, 'en'), '100%');
  assert.is(formatPercent(0, 'en'), '0%');
  assert.is(formatPercent(0.3, 'en'), '0.3%');
  assert.is(formatPercent(29.3, 'en'), '29.3%');
  fc.assert(
    fc.property(fc.double({ min: 0, max: 99.9999, noNaN: true }), (percent) => {
      assert.is.not(formatPercent(percent, 'en'), '100%');
    }),
  );
});

test('time left has at most two units and never rounds down', () => {
  assert.equal(durationParts(0.2), { unit: 'seconds', s: 1 });
  assert.equal(durationParts(59), { unit: 'seconds', s: 59 });
  assert.equal(durationParts(60), { unit: 'minutes-seconds', m: 1, s: 0 });
  assert.equal(durationParts(599), { unit: 'minutes-seconds', m: 9, s: 59 });
  assert.equal(durationParts(601), { unit: 'minutes', m: 11 });
  assert.equal(durationParts(3599), { unit: 'hours-minutes', h: 1, m: 0 });
  assert.equal(durationParts(86_399), { unit: 'days-hours', d: 1, h: 0 });
  assert.is(durationParts(100 * 86_400), null);
});

test('the time left is exact to its smallest unit', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 99 * 86_400 }), (seconds) => {
      const parts = durationParts(seconds);
      assert.ok(parts);
      const read = { d: 0, h: 0, m: 0, s: 0, ...parts };
      const back = ((read.d * 24 + read.h) * 60 + read.m) * 60 + read.s;
      const slack = {
        seconds: 1,
        'minutes-seconds': 1,
        minutes: 60,
        'hours-minutes': 60,
        'days-hours': 3600,
      };
      assert.ok(
        back >= seconds && back - seconds < slack[parts.unit],
        `${seconds} -> ${JSON.stringify(parts)}`,
      );
    }),
  );
});

test('a time today is shown as a time, any other as a date', () => {
  const now = new Date(2026, 10, 23, 22, 0);
  assert.is(plain(formatWhen(new Date(2026, 10, 23, 0, 5).toISOString(), now, 'en')), '12:05 AM');
  assert.is(plain(formatWhen(new Date(2026, 10, 22, 23, 59).toISOString(), now, 'en')), 'Nov 22, 2026');
});

test('a host is shown without www and with its port', () => {
  assert.is(hostOf('https://www.example.org:8443/a?b'), 'example.org:8443');
  assert.is(hostOf('not an address'), 'not an address');
});

test.run();
