/** Fragmented MP4 whose fragments play less than their playlist says: a hole is no stream. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { freshDir } from '../annie/http/kit.ts';
import { it, mediaFile, openStreamKit, type Piece } from './stream-kit.ts';
import { response } from './origin.ts';

const kit = await openStreamKit();
const { origin } = kit;
const init = await mediaFile('fmp4/init.mp4');
/** Of 1 s each. */
const stream = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => mediaFile(`fmp4/index${n}.m4s`)));
const whole = Buffer.concat([init, ...stream]);

/** The same boxes, with fewer samples in each run: what is left out is not decoded by any player. */
function cut(fragment: Buffer, share: number): Buffer {
  const copy = Buffer.from(fragment);
  for (let at = copy.indexOf('trun'); at !== -1; at = copy.indexOf('trun', at + 4))
    copy.writeUInt32BE(Math.ceil(copy.readUInt32BE(at + 8) * share), at + 8);
  return copy;
}

let streams = 0;

function serve(pieces: readonly Piece[], seconds = 1, target = 1): string {
  const base = `/mp4-${++streams}`;
  origin.serve(`${base}/init.mp4`, response('Content-Type: video/mp4', init));
  const list = pieces.map((piece, index) => {
    origin.serve(`${base}/${index}.m4s`, response('Content-Type: video/mp4', piece));
    return `#EXTINF:${seconds},\n${index}.m4s\n`;
  });
  const head = `#EXTM3U\n#EXT-X-TARGETDURATION:${target}\n#EXT-X-MAP:URI="init.mp4"\n`;
  return origin.serve(
    `${base}/list.m3u8`,
    response('Content-Type: audio/mpegurl', `${head}${list.join('')}#EXT-X-ENDLIST`),
  );
}

const withHole = (piece: Piece): Piece[] => stream.map((each, index) => (index === 2 ? piece : each));

for (const [what, piece] of [
  ['a fifth of its samples', (): Buffer => cut(stream[2] ?? Buffer.alloc(0), 0.2)],
  ['no sample', (): Buffer => cut(stream[2] ?? Buffer.alloc(0), 0)],
  ['nothing but its type', (): Buffer => (stream[2] ?? Buffer.alloc(0)).subarray(0, 24)],
] as const) {
  it(`a fragment of MP4 with ${what} is a hole`, async () => {
    const saved = await kit.download(serve(withHole(piece())));
    assert.equal([saved.state, saved.body.length], ['remote_contradiction', 0]);
    assert.match(saved.message, /^1 of 7 fragments/);
  });
}

it('a stream of MP4 arrives whose playlist rounds, and one whose last fragment is short', async () => {
  const short = [...stream.slice(0, 5), cut(stream[5] ?? Buffer.alloc(0), 0.6)];
  for (const url of [serve(stream), serve(stream, 1.08, 2), serve(stream, 1.4, 2), serve(short)])
    assert.is((await kit.download(url)).state, 'complete');
});

it('what has come before an interruption is counted, and the timescale is remembered', async () => {
  for (const [last, expected] of [
    [stream[4], 'complete'],
    [cut(stream[4] ?? Buffer.alloc(0), 0.2), 'remote_contradiction'],
  ] as const) {
    const url = serve(stream);
    const path = `${new URL(url).pathname.replace('list.m3u8', '')}4.m4s`;
    origin.serve(path, response('HTTP/1.1 404 Not Found'));
    const workDir = await freshDir();
    assert.is((await kit.download(url, { workDir })).state, 'remote_not_found');
    origin.serve(path, response('Content-Type: video/mp4', last ?? ''));
    const saved = await kit.download(url, { workDir });
    assert.equal([saved.state, saved.body.equals(whole)], [expected, expected === 'complete']);
    assert.is(origin.requestsFor(path.replace('4.m4s', 'init.mp4')).length, 1);
  }
});

test.after(async () => {
  await kit.close();
});

test.run();
