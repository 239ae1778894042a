/** Odd answers to the later connections of a download, while the first goes on. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { honest, type OddFile, part } from '../../site/odd-origin.ts';
import { freshDir } from './kit.ts';
import { ODD_ROWS, type OddRow } from './odd-answers.ts';
import { openOddKit } from './odd-kit.ts';

const MiB = 1024 * 1024;
/** Of more than 16 MiB, from a server that is slow: other connections ask for the later half of it. */
const large: OddFile = { seed: 64, size: 17 * MiB, etag: '"v1"' };
const BYTES_PER_SECOND = 6 * MiB;
/** Seconds of waiting each: so many at once. */
const AT_ONCE = 5;
const { serve, outcome, close } = await openOddKit();
test.after(close);

/** How it ends, and how often the later half was asked for. */
async function withHelp(row: OddRow): Promise<{ end: string; later: number }> {
  let later = 0;
  const url = serve((request) => {
    if (!request.from) return { ...honest(large, request), bytesPerSecond: BYTES_PER_SECOND };
    // What a helper gave up is requested again by the first connection, and has to come whole.
    if (++later > 1) return part(large, request);
    return row.answer(large, { ...request, from: request.from });
  });
  return { end: await outcome(url, await freshDir(), large, { maxConnections: 3 }), later };
}

const ends = new Map<OddRow, ReturnType<typeof withHelp>>();
const queue = [...ODD_ROWS];
const lane = async (): Promise<void> => {
  for (let row = queue.shift(); row; row = queue.shift()) {
    const end = withHelp(row);
    ends.set(row, end);
    await end.catch(() => undefined);
  }
};
test.before(() => Promise.all(Array.from({ length: AT_ONCE }, lane)).then(() => undefined));

for (const row of ODD_ROWS) {
  test(`${row.what} to a second connection harms nothing`, async () => {
    const { end, later } = (await ends.get(row)) ?? { end: 'never begun', later: 0 };
    assert.is(end, 'the file');
    assert.ok(later > 0, 'no second connection was opened');
  });
}

test.run();
