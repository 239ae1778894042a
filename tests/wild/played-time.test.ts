/** HLS that says of its fragments what is not so: lengths, and what they are. A hole is found, and a wrong length is none. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { it, mediaFile, openStreamKit, replaced, ts } from './stream-kit.ts';

const streams = await openStreamKit();
const { stream, listed, assertWhole } = streams;
test.after(() => streams.close());

const lines = (seconds: readonly (number | string)[], head = '#EXT-X-TARGETDURATION:10'): string =>
  [
    '#EXTM3U',
    head,
    ...seconds.map((each, index) => `#EXTINF:${each},\nBASE/${index}.ts`),
    '#EXT-X-ENDLIST',
  ].join('\n');
const sixOf = (seconds: number | string): string => lines(ts.map(() => seconds));
/** Of a fragment of 1 s, the first packets, in good order. */
const part = (index: number, share: number): Buffer => {
  const piece = ts[index] ?? Buffer.alloc(0);
  return piece.subarray(0, 188 * Math.floor((piece.length / 188) * share));
};
const nulls = (packets: number): Buffer =>
  Buffer.concat(
    Array.from({ length: packets }, () =>
      Buffer.concat([Buffer.from('471fff10', 'hex'), Buffer.alloc(184, 255)]),
    ),
  );

for (const [what, text] of [
  ['rounded up to 2 s', sixOf(2)],
  ['1.3 s for all', sixOf('1.3')],
  ['the target duration for all', sixOf(10)],
  ['in milliseconds', sixOf(1000)],
  ['2 s for the last', lines([1, 1, 1, 1, 1, 2])],
] as const) {
  it(`fragments of 1 s that are listed with ${what} are whole`, () => assertWhole(listed(text)));
}

it('the last fragment may be shorter than the others, all of which have the same length in the list', async () => {
  const pairs = [0, 2, 4].map((index) => Buffer.concat(ts.slice(index, index + 2)));
  await assertWhole(
    listed(lines([2, 2, 2]), [...pairs.slice(0, 2), ts[4] ?? '']),
    Buffer.concat(ts.slice(0, 5)),
  );
});

for (const [what, piece] of [
  ['a third of it', part(2, 0.33)],
  [
    'its last quarter',
    (ts[2] ?? Buffer.alloc(0)).subarray(188 * Math.floor((ts[2]?.length ?? 0) / 188 / 1.33)),
  ],
  ['the fragment before', ts[1] ?? ''],
] as const) {
  for (const seconds of [1, 2]) {
    it(`where a fragment was asked for, ${what} leaves a hole, also in a list of ${seconds} s for all`, async () => {
      assert.is(
        (await streams.download(listed(sixOf(seconds), replaced(piece)))).state,
        'remote_contradiction',
      );
    });
  }
}

it('a last fragment that ends within a picture is cut', async () => {
  for (const seconds of [1, 2])
    assert.is(
      (await streams.download(listed(sixOf(seconds), replaced(part(5, 0.2), 5)))).state,
      'remote_contradiction',
    );
});

for (const [what, bytes] of [
  ['three null packets', nulls(3)],
  ['as many null packets as the fragment has', nulls(Math.floor((ts[2]?.length ?? 0) / 188))],
] as const) {
  for (const at of [[2], [0], [5], [2, 3]]) {
    it(`${what} as fragment ${at.join(' and ')} is not_media`, async () => {
      const pieces = ts.map((piece, index) => (at.includes(index) ? bytes : piece));
      assert.is((await streams.download(stream(pieces))).state, 'not_media');
    });
  }
}

it('packets in which no frame begins play for nothing, and tables are not_media', async () => {
  const [second = Buffer.alloc(0)] = [ts[2]];
  const packets = Array.from({ length: Math.floor(second.length / 188) }, (_, index) =>
    second.subarray(188 * index, 188 * (index + 1)),
  );
  const begins = (packet: Buffer): boolean => ((packet[1] ?? 0) & 0x40) !== 0;
  const inner = Buffer.concat(packets.filter((packet) => !begins(packet)));
  assert.is((await streams.download(stream(replaced(inner)))).state, 'remote_contradiction');
  const isFrame = (packet: Buffer): boolean => packet.readUIntBE(4, 3) === 1;
  const tables = packets.filter(
    (packet) => begins(packet) && ((packet[3] ?? 0) & 0x20) === 0 && !isFrame(packet),
  );
  const none = Buffer.concat(tables);
  assert.ok(tables.length >= 3, `${tables.length} packets`);
  const { state, message } = await streams.download(stream(replaced(none)));
  assert.is(state, 'not_media', message);
});

it('null packets behind a third of a fragment play for nothing', async () => {
  const start = part(2, 0.33);
  const piece = Buffer.concat([start, nulls((1_000_000 - start.length) / 188)]);
  assert.is((await streams.download(stream(replaced(piece)))).state, 'remote_contradiction');
});

it('null packets behind a whole fragment do no harm', async () => {
  const pieces = replaced(Buffer.concat([ts[2] ?? Buffer.alloc(0), nulls(2000)]));
  await assertWhole(stream(pieces), Buffer.concat(pieces as Buffer[]));
});

const JUMP = '#EXT-X-DISCONTINUITY\n#EXTINF:2';
it('before a discontinuity a fragment may be shorter than the list says, and after it begin anywhere', async () => {
  const order = [0, 1, 4, 5, 2, 3];
  const pieces = order.map((index) => ts[index] ?? '');
  const text = sixOf(2)
    .replace('#EXTINF:2,\nBASE/2', `${JUMP},\nBASE/2`)
    .replace('#EXTINF:2,\nBASE/4', `${JUMP},\nBASE/4`);
  await assertWhole(listed(text, pieces), Buffer.concat(pieces as Buffer[]));
});

it('a gap that the list names, and one that it says nothing of, are nobody’s hole', async () => {
  const gap = sixOf(2).replace('#EXTINF:2,\nBASE/2', '#EXT-X-GAP\n#EXTINF:2,\nBASE/2');
  await assertWhole(listed(gap), Buffer.concat(ts.filter((_, index) => index !== 2)));
  const pieces = ts.filter((_, index) => index !== 2);
  await assertWhole(listed(lines([1, 1, 1, 1, 1]), pieces), Buffer.concat(pieces));
});

/** An initialisation part, and fragments of MP4. */
const mp4 = await Promise.all(
  ['init.mp4', ...[0, 1, 2, 3, 4, 5].map((n) => `index${n}.m4s`)].map((name) => mediaFile(`fmp4/${name}`)),
);
const [init = Buffer.alloc(0), ...moofs] = mp4;
const mapped = (seconds: readonly number[]): string =>
  lines(seconds).replace('#EXTINF', '#EXT-X-MAP:URI="BASE/6.ts"\n#EXTINF');

it('fragments of MP4 without their initialisation part are refused', async () => {
  assert.is((await streams.download(listed(sixOf(1), moofs))).state, 'invalid_manifest');
});

it('fragments of MP4 that begin with their own are right', async () => {
  const { state, body, message } = await streams.download(listed(lines([1]), [Buffer.concat(mp4)]));
  assert.is(state, 'complete', message);
  assert.ok(body.equals(Buffer.concat(mp4)));
  const each = moofs.map((moof) => Buffer.concat([init, moof]));
  await assertWhole(listed(sixOf(1), each), Buffer.concat(each));
});

it('fragments of MP4 that are listed with 2 s for all are whole, and one that comes twice is a hole', async () => {
  await assertWhole(listed(mapped([2, 2, 2, 2, 2, 2]), [...moofs, init]), Buffer.concat(mp4));
  const twice = moofs.map((moof, index) => (index === 2 ? (moofs[1] ?? moof) : moof));
  assert.is(
    (await streams.download(listed(mapped([2, 2, 2, 2, 2, 2]), [...twice, init]))).state,
    'remote_contradiction',
  );
});

test.run();
