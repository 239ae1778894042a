/** yt-dlp takes any answer to a fragment's request for the fragment, if nobody checks it. */
import { test } from 'uvu';
import { origin, range, testByteRanges, whole } from './byte-range-origin.ts';

test.after(() => origin.close());

testByteRanges(test, 'with all of the file', whole, true);
testByteRanges(test, 'only ever with another range', (request) => range(request, 188), false);

test.run();
