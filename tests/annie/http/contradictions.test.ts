/**
 * What a server reports of a file is compared with what is known of it: whatever it answers later, a complete file has all
 * the bytes of one version. One test for each odd response, after each kind of interruption.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { close, interrupted } from './interrupted.ts';
import { ODD_ROWS } from './odd-responses.ts';

const { ends } = interrupted(2 * 1024 * 1024);
test.after(close);

for (const row of ODD_ROWS) {
  test(`${row.what} in response to a request for the rest`, async () => {
    const all = (end: string): Record<string, string> => ({
      ...{ pause: end, kill: end },
      reconnect: row.reconnect ?? end,
    });
    const [once, always] = await Promise.all([ends(row, false), ends(row, true)]);
    assert.equal({ once, always }, { once: all(row.once), always: all(row.always) });
  });
}

test.run();
