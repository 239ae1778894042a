/** Every kind of answer to the byte ranges of a playlist, through yt-dlp. */
import { test } from 'uvu';
import {
  all,
  body,
  origin,
  range,
  testByteRanges,
  unsized,
  whole,
} from '../annie/yt-dlp/byte-range-origin.ts';
import type { OddAnswer } from '../site/odd-origin.ts';

test.after(() => origin.close());

const bytesOf = (answer: OddAnswer): Buffer => answer.body as Buffer;
/** Another version with each response. */
const changing = (answer: OddAnswer, count: number): OddAnswer => {
  return { ...answer, headers: { ...answer.headers, etag: `"${count}"` } };
};

testByteRanges(test, 'correctly', (request) => range(request), true);
testByteRanges(test, 'without a length', (request) => unsized(range(request), bytesOf(range(request))), true);
testByteRanges(
  test,
  'without the total',
  (request) => {
    const answer = range(request);
    const place = String(answer.headers['content-range']).replace(/\d+$/, '*');
    return { ...answer, headers: { ...answer.headers, 'content-range': place } };
  },
  true,
);
testByteRanges(
  test,
  'with the range as a 200',
  (request) => (request.from === null ? whole(request) : all(bytesOf(range(request)))),
  true,
);
testByteRanges(
  test,
  'with another range',
  (request) => (request.from === null ? whole(request) : range(request, 188)),
  true,
);
testByteRanges(
  test,
  'with all of a file that changes',
  (request) => changing(whole(request), request.count),
  false,
);
testByteRanges(
  test,
  'with ranges of a file that changes',
  (request) => changing(range(request), request.count),
  false,
);
testByteRanges(
  test,
  'with a range that is longer than it says',
  (request) => unsized(range(request), body.subarray(request.from ?? 0)),
  false,
);

test.run();
