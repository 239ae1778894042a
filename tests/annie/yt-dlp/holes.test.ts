/** What yt-dlp fetches in pieces: with a hole there is no file. All rows are in `tests/long/yt-dlp-holes.test.ts`. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isTooShort } from '#lib/annie/yt-dlp/listed-check.server.ts';
import { LEFT_TO_FFMPEG, origin, ROWS, testHole, testHoleLeftToFfmpeg } from './hole-rows.ts';

test.after(() => origin.close());

const OFTEN = [
  'an encrypted list',
  'its second piece is missing',
  'a piece is a page',
  'pieces are half as long as listed',
];
for (const row of ROWS) if (OFTEN.includes(row[0])) testHole(test, row);
const [, missing] = OFTEN;
for (const row of LEFT_TO_FFMPEG) if (row[0] === missing) testHoleLeftToFfmpeg(test, row);

test('a file is too short without a whole fragment of a short stream, not for what muxers round', () => {
  const listed = { name: 'x', seconds: 6, fragments: 3, rounded: false };
  assert.equal(
    [4, 4.9, 5.1, 6, 7].map((found) => isTooShort(found, listed)),
    [true, true, false, false, false],
  );
  // 1,200 fragments of 6 s: one of them and the rounding
  const stream = { name: 'x', seconds: 7200, fragments: 1200, rounded: false };
  assert.equal(
    [7180, 7190].map((found) => isTooShort(found, stream)),
    [true, false],
  );
  // A list of whole seconds: 9.6 s are listed as 10
  const rounded = { name: 'x', seconds: 100, fragments: 10, rounded: true };
  assert.equal(
    [84, 96].map((found) => isTooShort(found, rounded)),
    [true, false],
  );
});

test.run();
