import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RefusalDetector } from '#lib/annie/ffmpeg/refusal.ts';

const seen = (...pieces: string[]): boolean => {
  const watch = new RefusalDetector();
  for (const piece of pieces) watch.read(piece);
  return watch.isFound;
};

/** As ffmpeg 4.1, 5.1 and 9.0 and our wrapper say it. */
const SAID = [
  "[hls @ 0x55a36246ad80] Format not on whitelist 'mov,matroska'\nfile:h1.mp4: Invalid argument\n",
  "[https @ 0x1] Protocol 'file' not on whitelist 'http,https,tcp,tls'!\n",
  'Error opening input file file:m.mp4.\nError opening input files: Invalid data found when processing input\n',
  'sluice: ffmpeg was not started: a part is not media\n',
  'sluice: ffprobe was not started: it is not clear what -x is\n',
];

test('a refusal is found however its text is chunked, and among much other output', () => {
  const noise = 'frame=   50 fps=0.0 q=-1.0 size=      62kB\r'.repeat(500);
  for (const said of SAID) {
    for (let at = 0; at <= said.length; at++) assert.ok(seen(said.slice(0, at), said.slice(at)), said);
    assert.ok(seen(...said), said);
    assert.ok(seen(noise, said, noise));
  }
});

test('other failures are not refusals', () => {
  for (const said of ['Conversion failed!', 'sluice: there is no ffmpeg on PATH', "Format 'x' is not known"])
    assert.not(seen(said), said);
});

test.run();
