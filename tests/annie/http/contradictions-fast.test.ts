/** As `contradictions.test.ts`, where so much is left that the fast path is tried: more than 8 MiB. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { close, interrupted } from './interrupted.ts';
import { ODD_ROWS } from './odd-answers.ts';

const { ends, endsFast } = interrupted(10 * 1024 * 1024);
test.after(close);

for (const row of ODD_ROWS) {
  test(`${row.what} in answer to who asks for the rest of a large file`, async () => {
    const all = (end: string): Record<string, string> => ({ pause: end, kill: end, reconnect: end });
    const [once, always, fast] = await Promise.all([ends(row, false), ends(row, true), endsFast(row)]);
    assert.equal({ once, always }, { once: all(row.once), always: all(row.always) });
    // the kept client has an answer that fits
    assert.is(fast, 'the file');
  });
}

test.run();
