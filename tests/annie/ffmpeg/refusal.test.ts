import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RefusalDetector } from '#lib/annie/ffmpeg/refusal.ts';

const isFound = (...pieces: string[]): boolean => {
  const detector = new RefusalDetector();
  for (const piece of pieces) detector.read(piece);
  return detector.isFound;
};

/** Messages of ffmpeg 4.1, 5.1 and 9.0, and of the wrapper. */
const MESSAGES = [
  "[hls @ 0x55a36246ad80] Format not on whitelist 'mov,matroska'\nfile:h1.mp4: Invalid argument\n",
  "[https @ 0x1] Protocol 'file' not on whitelist 'http,https,tcp,tls'!\n",
  'Error opening input file file:m.mp4.\nError opening input files: Invalid data found when processing input\n',
  'sluice: ffmpeg was not started: a part is not media\n',
  'sluice: ffprobe was not started: it is not clear what -x is\n',
];

test('a refusal is found however its text is chunked, and among much other output', () => {
  const noise = 'frame=   50 fps=0.0 q=-1.0 size=      62kB\r'.repeat(500);
  for (const message of MESSAGES) {
    for (let at = 0; at <= message.length; at++)
      assert.ok(isFound(message.slice(0, at), message.slice(at)), message);
    assert.ok(isFound(...message), message);
    assert.ok(isFound(noise, message, noise));
  }
});

test('other failures are not refusals', () => {
  for (const message of [
    'Conversion failed!',
    'sluice: there is no ffmpeg on PATH',
    "Format 'x' is not known",
  ])
    assert.not(isFound(message), message);
});

test.run();
