/** How long fragments of MP4 play: by their samples, by the defaults of a fragment or of its track, and in linear time. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Mp4Track, readMp4Times } from '#lib/foreign/mp4/times.ts';
import { growthOf, MOST } from '../../support/scaling.ts';

type Part = string | number | Buffer;

/** Numbers have 4 bytes. */
function bytesOf(parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'string') return Buffer.from(part, 'latin1');
      if (typeof part !== 'number') return part;
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(part);
      return bytes;
    }),
  );
}

function box(type: string, ...parts: Part[]): Buffer {
  const body = bytesOf(parts);
  return bytesOf([8 + body.length, type, body]);
}

/** With a size of 8 bytes. */
function longBox(type: string, ...parts: Part[]): Buffer {
  const body = bytesOf(parts);
  return bytesOf([1, type, 0, 16 + body.length, body]);
}

const trak = (id: number, timescale: number, handler: string, version = 0): Buffer => {
  const times = version === 1 ? [0, 0, 0, 0] : [0, 0];
  return box(
    'trak',
    box('tkhd', version << 24, ...times, id, 0),
    box('mdia', box('mdhd', version << 24, ...times, timescale, 0), box('hdlr', 0, 0, handler)),
  );
};
const trex = (id: number, duration: number): Buffer => box('trex', 0, id, 1, duration, 0, 0);

const moov = box(
  'moov',
  box('mvhd', 0),
  trak(1, 1000, 'vide'),
  trak(2, 48_000, 'soun', 1),
  box('mvex', trex(1, 40), trex(2, 0)),
);
const TRACKS: Mp4Track[] = [
  { id: 1, timescale: 1000, sampleDuration: 40, isVideo: true },
  { id: 2, timescale: 48_000, sampleDuration: 0, isVideo: false },
];

const moof = (...trafs: Buffer[]): Buffer => box('moof', box('mfhd', 0, 1), ...trafs);
const seconds = (tracks: readonly Mp4Track[] | null, ...chunks: Buffer[]): number | null =>
  readMp4Times({ chunks, tracks }).seconds;

test('an initialisation part says the timescales and the default durations, in both versions', () => {
  assert.equal(readMp4Times({ chunks: [moov], tracks: null }), { tracks: TRACKS, seconds: 0, spans: [] });
  const other = longBox('moov', trak(7, 90_000, 'soun'));
  assert.equal(readMp4Times({ chunks: [moov, other], tracks: TRACKS }).tracks, [
    { id: 7, timescale: 90_000, sampleDuration: 0, isVideo: false },
  ]);
});

for (const [what, traf, expected] of [
  ['by the track', box('traf', box('tfhd', 0, 1), box('trun', 0, 25)), 1],
  ['by the fragment', box('traf', box('tfhd', 0x08, 1, 20), box('trun', 0, 25)), 0.5],
  [
    'by the fragment, behind an offset and a description',
    box('traf', box('tfhd', 0x0b, 1, 0, 0, 1, 80), box('trun', 0, 25)),
    2,
  ],
  ['by each sample', box('traf', box('tfhd', 0, 1), box('trun', 0x100, 2, 500, 250)), 0.75],
  [
    'by each sample, among sizes, flags and offsets',
    box('traf', box('tfhd', 0, 1), box('trun', 0xf05, 2, 0, 0, 500, 9, 9, 9, 250, 9, 9, 9)),
    0.75,
  ],
  ['in several runs', box('traf', box('tfhd', 0, 1), box('trun', 0, 10), box('trun', 0x100, 1, 100)), 0.5],
  ['by none of no sample', box('traf', box('tfhd', 0, 1), box('trun', 0, 0)), 0],
  ['by none of an empty fragment', box('traf', box('tfhd', 0x010000, 1)), 0],
  [
    'by the samples that a cut run has',
    box('traf', box('tfhd', 0, 1), box('trun', 0x100, 4_000_000_000, 100, 100)),
    0.2,
  ],
  ['of a track that is not known', box('traf', box('tfhd', 0, 9), box('trun', 0, 25)), 0],
] as const) {
  test(`durations ${what}`, () => {
    assert.is(seconds(TRACKS, moof(traf)), expected);
  });
}

test('a fragment begins at its decode time, in both versions, and ends with its samples', () => {
  const spansOf = (...boxes: Buffer[]): unknown =>
    readMp4Times({ chunks: [moof(box('traf', box('tfhd', 0, 1), ...boxes))], tracks: TRACKS }).spans;
  const run = box('trun', 0, 25);
  assert.equal(spansOf(box('tfdt', 0, 7000), run), [[1, 7, 8]]);
  assert.equal(spansOf(box('tfdt', 1 << 24, 1, 0), run), [[1, 4294967.296, 4294968.296]]);
  assert.equal(spansOf(run), []);
  for (const cut of [box('tfdt', 0), box('tfdt', 1 << 24, 1), box('tfdt')]) {
    assert.equal(spansOf(cut, run), []);
    assert.equal(spansOf(cut), []);
  }
});

test('samples without a duration, or tracks that are not known, leave the length unknown', () => {
  const silent = box('traf', box('tfhd', 0, 2), box('trun', 0, 25));
  assert.is(seconds(TRACKS, moof(silent)), null);
  assert.is(seconds(TRACKS, moof(box('traf', box('tfhd', 0, 2), box('trun', 0x100, 1, 0)))), null);
  assert.is(seconds(null, moof(silent)), null);
  assert.is(seconds(null, box('moov', trak(1, 0, 'vide'))), null);
});

test('the pictures count, and without them the longest track', () => {
  const video = box('traf', box('tfhd', 0, 1), box('trun', 0, 5));
  const sound = (id: number, count: number): Buffer =>
    box('traf', box('tfhd', 0x08, id, 256), box('trun', 0, count));
  assert.is(seconds(TRACKS, moof(video, sound(2, 188))), 0.2);
  assert.is(seconds(TRACKS, moof(sound(2, 375))), 2);
  const two = [2, 3].map((id) => ({ ...TRACKS[1], id })) as Mp4Track[];
  assert.is(seconds(two, moof(sound(2, 187), sound(3, 375))), 2);
  assert.is(seconds(TRACKS, moof(video), moof(video)), 0.4);
});

test('pictures of which there is no run play nothing, however long the sound is', () => {
  const video = box('traf', box('tfhd', 0, 1));
  const sound = box('traf', box('tfhd', 0x08, 2, 256), box('trun', 0, 375));
  assert.is(seconds(TRACKS, moof(video, sound)), 0);
});

test('a track without a timescale, and those past 64, are left out', () => {
  const bare = box('trak', box('tkhd', 0, 0, 0, 1, 0), box('mdia', box('hdlr', 0, 0, 'vide')));
  assert.equal(readMp4Times({ chunks: [box('moov', bare)], tracks: null }).tracks, []);
  const many = Array.from({ length: 70 }, (_, index) => trak(index + 1, 1000, 'soun'));
  const defaults = Array.from({ length: 70 }, (_, index) => trex(index + 1, 40));
  const { tracks } = readMp4Times({ chunks: [box('moov', ...many, box('mvex', ...defaults))], tracks: null });
  assert.equal([tracks?.length, tracks?.at(-1)?.sampleDuration], [64, 40]);
});

test('boxes that are cut, or have no size, end what is read', () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from([0, 0, 0, 4, 1, 1, 1, 1]), moof().subarray(0, 7)])
    assert.equal(readMp4Times({ chunks: [bytes], tracks: TRACKS }), {
      tracks: TRACKS,
      seconds: 0,
      spans: [],
    });
  for (let length = 0; length < moov.length; length += 3)
    assert.ok(readMp4Times({ chunks: [moov.subarray(0, length)], tracks: null }).tracks === null);
  const toItsEnd = bytesOf([0, 'moof', box('traf', box('tfhd', 0, 1), box('trun', 0, 25))]);
  assert.is(seconds(TRACKS, toItsEnd), 1);
});

const repeat = (piece: Buffer, size: number): Buffer =>
  Buffer.concat(Array.from({ length: Math.ceil(size / piece.length) }, () => piece));
const MANY: Record<string, (size: number) => Buffer> = {
  samples: (size) =>
    moof(box('traf', box('tfhd', 0, 1), box('trun', 0x100, size / 4, Buffer.alloc(size, 1)))),
  'runs of four thousand million samples': (size) =>
    moof(box('traf', box('tfhd', 0, 1), repeat(box('trun', 0x100, 4_000_000_000), size))),
  'runs of samples of no size': (size) =>
    moof(box('traf', box('tfhd', 0, 1), repeat(box('trun', 0, 4_000_000_000), size))),
  fragments: (size) => repeat(moof(box('traf', box('tfhd', 0, 1))), size),
  'fragments of one track each': (size) => moof(repeat(box('traf', box('tfhd', 0, 1)), size)),
  tracks: (size) => box('moov', repeat(trak(1, 1000, 'vide'), size)),
  defaults: (size) => box('moov', trak(1, 1000, 'vide'), box('mvex', repeat(trex(1, 40), size))),
  'empty boxes': (size) => repeat(box('free'), size),
};

for (const [what, make] of Object.entries(MANY)) {
  test(`twice as many ${what} take at most three times the CPU`, () => {
    const growth = growthOf((size) => {
      const chunks = [make(size)];
      return () => readMp4Times({ chunks, tracks: TRACKS });
    }, 400_000);
    assert.ok(growth <= MOST, `${growth.toFixed(1)} times`);
  });
}

test.run();
