/** As `contradictions.test.ts`, with more than 8 MiB missing, so that the fast path is tried. */
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { close, interrupted } from './interrupted.ts';
import type { OddRow } from './odd-responses.ts';

export function testFast(test: Test, rows: readonly OddRow[]): void {
  const { ends, endsFast } = interrupted(10 * 1024 * 1024);
  test.after(close);

  for (const row of rows) {
    test(`${row.what} in response to a request for the rest of a large file`, async () => {
      const all = (end: string): Record<string, string> => ({
        ...{ pause: end, kill: end },
        reconnect: row.reconnect ?? end,
      });
      const [once, always, fast] = await Promise.all([ends(row, false), ends(row, true), endsFast(row)]);
      assert.equal({ once, always }, { once: all(row.once), always: all(row.always) });
      // the HTTP client has a usable response
      assert.is(fast, 'the file');
    });
  }
}
