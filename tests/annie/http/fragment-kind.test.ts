/** What a fragment is by its bytes: each kind that HLS has is accepted. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type FragmentKind, kindOf } from '#lib/annie/http/hls/fragment-kind.ts';
import { requirePlayed, withFragment } from '#lib/annie/http/hls/played-time.ts';
import { tsSeconds } from '#lib/annie/http/hls/ts-seconds.ts';
import { growthOf, MOST } from '../../support/scaling.ts';
import { it, mediaFile, ts } from '../../wild/films.ts';

const kindOfAll = (bytes: Buffer): FragmentKind => kindOf(bytes, bytes.length);
const hex = (digits: string): Buffer => Buffer.concat([Buffer.from(digits, 'hex'), Buffer.alloc(600, 0x80)]);
const box = (type: string): Buffer =>
  Buffer.concat([hex('00000018').subarray(0, 4), Buffer.from(type), Buffer.alloc(600)]);

for (const [what, bytes] of [
  ...['ftyp', 'styp', 'moof', 'sidx', 'emsg', 'prft', 'mdat'].map((type) => [type, box(type)] as const),
  ['ADTS', hex('fff15080')],
  ['MP3', hex('fffb9064')],
  ['MPEG audio of layer II', hex('fffd9064')],
  ['ID3', hex('4944330400')],
  ['AC-3', hex('0b77')],
  ['WebM', hex('1a45dfa3')],
  ['WebVTT', Buffer.from('WEBVTT\n\n00:00.000 --> 00:01.000\nwords')],
  ['WebVTT behind a byte order mark', Buffer.from('\ufeffWEBVTT\n')],
] as const) {
  test(`${what} is media`, () => {
    assert.equal(kindOfAll(bytes), { kind: 'media', container: 'other', skip: 0 });
  });
}

test('texts that begin as media does are refused', () => {
  for (const text of ['Gone', 'G'.repeat(400), 'IDentity needed', '\ufffe', 'WEB page', '0.ftypo'])
    assert.is(kindOfAll(Buffer.from(text)).kind, 'refused', text);
  assert.is(kindOfAll(Buffer.from('\ufeff<html>', 'utf16le')).kind, 'refused');
});

it('three packets behind junk are enough if they end the fragment, and two are not', () => {
  const packets = (count: number): Buffer =>
    Buffer.concat([Buffer.alloc(1000), (ts[0] ?? Buffer.alloc(0)).subarray(0, 188 * count)]);
  assert.equal(kindOfAll(packets(3)), { kind: 'media', container: 'mpegts', skip: 1000 });
  assert.is(kindOfAll(packets(2)).kind, 'unknown');
  return Promise.resolve();
});

it('a fragment of 1 s plays for 1 s, its first tenth for less, and MP4 has no packets', async () => {
  const [first = Buffer.alloc(0)] = ts;
  const seconds = tsSeconds(first, first.subarray(100_000)) ?? 0;
  assert.ok(Math.abs(seconds - 1) < 0.1, `${seconds} s`);
  const tenth = first.subarray(0, 188 * 120);
  assert.ok((tsSeconds(tenth, tenth) ?? 1) < 0.3);
  const mp4 = await mediaFile('fmp4/index0.m4s');
  assert.is(tsSeconds(mp4, mp4), null);
});

test('a playlist may be off by a tenth, and wrong of most fragments, but not of a few', () => {
  const refuses = (listed: number, ...played: (number | null)[]): boolean => {
    const all = played.reduce<ReturnType<typeof withFragment>>(
      (sum, seconds, index) => withFragment(sum, listed, seconds, index === played.length - 1),
      { seconds: 0, short: 0 },
    );
    try {
      requirePlayed(all, listed * played.length, played.length);
      return false;
    } catch {
      return true;
    }
  };
  const many = Array<number>(100).fill(10);
  assert.not(refuses(10, ...many));
  assert.not(refuses(10, ...many.map(() => 9.1)));
  assert.ok(refuses(10, ...many.map(() => 8.9)));
  assert.ok(refuses(10, ...many, 4.9, 10));
  assert.not(refuses(10, ...many, 5.1, 10));
  // the last one may be short, and a length may be unknown
  assert.not(refuses(10, ...many, 2));
  assert.not(refuses(10, ...many.map(() => null)));
  // a slide show, of one frame each
  assert.not(refuses(10, ...many.map(() => 0)));
});

test('twice as many presentation times take at most three times the CPU', () => {
  const packets = (count: number): Buffer =>
    Buffer.concat(
      Array.from({ length: count }, (_, i) => {
        const packet = Buffer.alloc(188, 0xff);
        // The start of a PES packet of video, with the presentation time 2 * i.
        packet.set([0x47, 0x41, 0x00, 0x10, 0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5]);
        packet.set([0x21, (i >> 14) & 0xff, (((i >> 7) & 0x7f) << 1) | 1, (i >> 0) & 0x7f, 1], 13);
        return packet;
      }),
    );
  assert.is(tsSeconds(packets(3), packets(3)) === null, false);
  const growth = growthOf((count) => {
    const bytes = packets(count);
    return () => tsSeconds(bytes, bytes);
  }, 5000);
  assert.ok(growth <= MOST, `${growth.toFixed(1)} times`);
});

test.run();
