import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { INPUT_REFUSED, MessageDetector, PART_LEFT_OUT } from '#lib/annie/ffmpeg/refusal.ts';

const isFound = (...pieces: string[]): boolean => {
  const detector = new MessageDetector(INPUT_REFUSED);
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

/** Messages of ffmpeg 5.1, 6.1 and 9.0. */
const LEFT_OUT = [
  '[hls @ 0x55d0] Failed to open segment 3 of playlist 0\n',
  '[hls @ 0x55d0] Segment 3 of playlist 0 failed too many times, skipping\n',
  '[hls @ 0x55d0] Unable to open key file http://x.example/key\n',
  '[http @ 0x55d0] HTTP error 404 Not Found\n',
  '[https @ 0x55d0] Stream ends prematurely at 1200, should be 2400\n',
];

test('a part that ffmpeg leaves out is found however its text is chunked', () => {
  const isLeftOut = (...pieces: string[]): boolean => {
    const detector = new MessageDetector(PART_LEFT_OUT);
    for (const piece of pieces) detector.read(piece);
    return detector.isFound;
  };
  for (const message of LEFT_OUT)
    assert.ok(isLeftOut('frame=1\r'.repeat(99), ...message, 'size=1\n'), message);
  for (const message of [
    "[hls @ 0x1] Opening 'http://x/3.ts' for reading\n",
    '[mp4 @ 0x1] Non-monotonous DTS\n',
  ])
    assert.not(isLeftOut(message), message);
});

test.run();
