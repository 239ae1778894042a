/** What a fragment is by its bytes: each kind that HLS has is accepted. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type FragmentKind, kindOf } from '#lib/annie/http/hls/fragment-kind.ts';
import { requirePlayed, type Timing, withFragment } from '#lib/annie/http/hls/played-time.ts';
import { packetsIn, tsTiming } from '#lib/annie/http/hls/ts-times.ts';
import { growthOf, MOST } from '../../support/scaling.ts';
import { it, mediaFile, ts } from '../../wild/stream-kit.ts';

const tsSeconds = (start: Buffer, end: Buffer): number | null =>
  tsTiming(packetsIn(start), packetsIn(end))?.seconds ?? null;
const NOTHING = { seconds: 0, short: 0, holes: 0, joined: { count: 0, missing: 0 }, last: null };
/** Whether a list in which each fragment has `listed` s is refused. Null = it is not known how long one plays. */
function refuses(
  listed: number,
  fragments: readonly (Partial<Timing> | null)[],
  breaks: number[] = [],
): boolean {
  const played = fragments.reduce<ReturnType<typeof withFragment>>((sum, of, index) => {
    const timing = of === null ? null : { seconds: listed, spans: [], isCut: false, ...of };
    return withFragment(sum, { listed, timing, isDiscontinuous: breaks.includes(index) });
  }, NOTHING);
  try {
    requirePlayed(played, listed * fragments.length, fragments.length);
    return false;
  } catch {
    return true;
  }
}

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

test('without times a playlist may be off by a tenth, and wrong of most fragments, but not of a few', () => {
  const alone = (...played: (number | null)[]): boolean =>
    refuses(
      10,
      played.map((seconds) => (seconds === null ? null : { seconds })),
    );
  const many = Array<number>(100).fill(10);
  assert.not(alone(...many));
  assert.not(alone(...many.map(() => 9.1)));
  assert.ok(alone(...many.map(() => 8.9)));
  assert.ok(alone(...many, 4.9, 10));
  assert.not(alone(...many, 5.1, 10));
  assert.ok(alone(...many, 0, 10));
  // the last one may be short, and a length may be unknown
  assert.not(alone(...many, 2));
  assert.not(alone(...many.map(() => null)));
  // a slide show, of one frame each
  assert.not(alone(...many.map(() => 0)));
});

/** Fragments whose only stream begins and ends at these times. */
const from = (...times: [begin: number, end: number][]): Partial<Timing>[] =>
  times.map(([begin, end]) => ({ seconds: end - begin, spans: [[1, begin, end]] }));

test('where times follow each other nothing is missing, however the list is wrong', () => {
  const six = from([0, 6], [6, 12], [12, 17], [17, 23], [23, 24]);
  for (const listed of [1, 5, 6, 7, 10, 1000]) assert.not(refuses(listed, six), `${listed} s`);
  // half a second between two is nothing
  assert.not(refuses(10, from([0, 6], [6.5, 12], [11.5, 17])));
});

test('where the times miss something, and the list too, there is a hole', () => {
  assert.ok(refuses(6, from([0, 6], [6, 9], [12, 18], [18, 24])));
  assert.ok(refuses(6, from([0, 6], [6, 12], [15, 18], [18, 24])), 'the start of one is missing');
  assert.ok(
    refuses(10, from([0, 6], [6, 12], [12, 13], [18, 24], [24, 30])),
    'in a list that is wrong of all',
  );
  // it plays as long as it is listed, or as long as others do: its server has no more
  assert.not(refuses(6, from([0, 6], [6, 12], [15, 21], [21, 27])));
  assert.not(refuses(10, from([0, 6], [6, 12], [15, 21], [21, 27])));
});

test('a fragment that comes a second time in place of another leaves a hole, and times that begin anew none', () => {
  assert.ok(refuses(6, from([0, 6], [6, 12], [6, 12], [18, 24], [24, 30])));
  assert.ok(refuses(6, from([0, 6], [6, 12], [6, 12], [6, 12], [6, 12], [30, 36])), 'four times');
  assert.not(refuses(6, from([0, 6], [6, 12], [6, 12], [12, 18])), 'and nothing is skipped');
  // an advertisement in place of a part of the stream has times of its own
  assert.not(refuses(6, from([0, 6], [6, 12], [3, 9], [18, 24], [24, 30])));
  assert.not(refuses(6, from([0, 6], [0, 6], [0, 6], [0, 6])));
  assert.not(refuses(6, from([0, 6], [6, 12], [0, 6], [6, 12])));
  // as those of MPEG-TS do after 26.5 hours
  const wrap = 2 ** 33 / 90_000;
  assert.not(refuses(20, from([wrap - 12, wrap - 6], [wrap - 6, wrap], [0, 6], [6, 12])));
  assert.ok(refuses(6, from([wrap - 12, wrap - 6], [wrap - 6, wrap - 4], [0, 6], [6, 12])));
});

test('pictures may stand still while the sound goes on, and subtitles last as long as they like', () => {
  const still = (begin: number, ...more: [number, number][]): Partial<Timing> => ({
    seconds: 6,
    spans: [[2, begin, begin + 6], ...more.map(([from, to]): [number, number, number] => [1, from, to])],
  });
  assert.not(refuses(10, [still(0, [0, 2]), still(6, [6, 8]), still(12, [12, 13])]));
  assert.not(refuses(10, [still(0, [0, 20]), still(6, [6, 40]), still(12, [12, 13])]));
});

test('what a discontinuity or the end follows may be shorter, but not cut', () => {
  const two = from([0, 6], [6, 8], [500, 506], [506, 507]);
  assert.ok(refuses(6, two), 'its times say nothing, nor does the list');
  assert.not(refuses(6, two, [2]));
  for (const cut of [1, 3])
    assert.ok(
      refuses(
        6,
        two.map((each, index) => ({ ...each, isCut: index === cut })),
        [2],
      ),
    );
  // one that is cut and not short is none: its frame may go on in the next
  assert.not(
    refuses(
      6,
      from([0, 6], [6, 12]).map((each) => ({ ...each, isCut: true })),
    ),
  );
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
