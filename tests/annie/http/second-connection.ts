/** Odd responses to the extra connections of a download, while the first one continues. */
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { honest, type OddFile, part } from '../../site/odd-origin.ts';
import { freshDir } from './kit.ts';
import type { OddRow } from './odd-responses.ts';
import { openOddKit } from './odd-kit.ts';

const MiB = 1024 * 1024;
/** Over 16 MiB, from a slow server: extra connections request the later half. */
const large: OddFile = { seed: 64, size: 17 * MiB, etag: '"v1"' };
const BYTES_PER_SECOND = 6 * MiB;
/** Each takes seconds, so several run at once. */
const AT_ONCE = 5;

export async function testSecondConnection(test: Test, rows: readonly OddRow[]): Promise<void> {
  const { serve, outcome, close } = await openOddKit();
  test.after(close);

  /** The outcome, and how often the later half was requested. */
  const downloadWithExtra = async (row: OddRow): Promise<{ end: string; later: number }> => {
    let later = 0;
    const url = serve((request) => {
      if (!request.from) return { ...honest(large, request), bytesPerSecond: BYTES_PER_SECOND };
      // What an extra connection gave up is requested again by the first one, and has to arrive whole.
      if (++later > 1) return part(large, request);
      return row.answer(large, { ...request, from: request.from });
    });
    return { end: await outcome(url, await freshDir(), large, { maxConnections: 3 }), later };
  };

  const ends = new Map<OddRow, ReturnType<typeof downloadWithExtra>>();
  const queue = [...rows];
  const runQueue = async (): Promise<void> => {
    for (let row = queue.shift(); row; row = queue.shift()) {
      const end = downloadWithExtra(row);
      ends.set(row, end);
      await end.catch(() => undefined);
    }
  };
  test.before(() => Promise.all(Array.from({ length: AT_ONCE }, runQueue)).then(() => undefined));

  for (const row of rows) {
    test(`${row.what} to a second connection does no harm`, async () => {
      const { end, later } = (await ends.get(row)) ?? { end: 'never begun', later: 0 };
      assert.is(end, 'the file');
      assert.ok(later > 0, 'no second connection was opened');
    });
  }
}
