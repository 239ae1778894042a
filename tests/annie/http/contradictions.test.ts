/**
 * What a server says of a file is held against what is known of it: whatever it answers in the middle, a file that is
 * complete has the bytes of one version, all of them. By odd answer, and by how the download was interrupted.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { close, interrupted } from './interrupted.ts';
import { ODD_ROWS } from './odd-answers.ts';

const { ends } = interrupted(2 * 1024 * 1024);
test.after(close);

for (const row of ODD_ROWS) {
  test(`${row.what} in answer to who asks for the rest`, async () => {
    const all = (end: string): Record<string, string> => ({ pause: end, kill: end, reconnect: end });
    const [once, always] = await Promise.all([ends(row, false), ends(row, true)]);
    assert.equal({ once, always }, { once: all(row.once), always: all(row.always) });
  });
}

test.run();
