/** Every way in which a piece of a stream can be missing or be something else, each with the real yt-dlp. */
import { test } from 'uvu';
import { LEFT_TO_FFMPEG, origin, ROWS, testHole, testHoleLeftToFfmpeg } from '../annie/yt-dlp/hole-rows.ts';

test.after(() => origin.close());

for (const row of ROWS) testHole(test, row);
for (const row of LEFT_TO_FFMPEG) testHoleLeftToFfmpeg(test, row);

test.run();
