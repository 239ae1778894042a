/** What a store writes before it acknowledges, and a kill at some of its calls: `tests/long/kill-at-writes.test.ts` has all. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { testUnless } from '../../support/skip.ts';
import { straceMissing } from '../../support/strace.ts';
import { COUNT, inFreshDir, testKills, write } from './kill-at-writes.ts';

testUnless(test, straceMissing(), 'every acknowledged write is preceded by its own fsync', async () => {
  await inFreshDir(async (dir) => {
    const { acknowledged, signal, trace } = await write(dir, null);
    assert.is(signal, null);
    assert.is(acknowledged.length, COUNT);
    let written = 0;
    let synced = 0;
    let answers = 0;
    for (const line of trace) {
      if (/ pwrite64\(/.test(line)) written += 1;
      // Counted when it returns, as other system calls may run meanwhile.
      if (/ (fsync|fdatasync)\(.*= 0$|(fsync|fdatasync) resumed>.*= 0$/.test(line)) {
        synced += 1;
        written = 0;
      }
      if (!/ write\(1, "\d+\\n"/.test(line)) continue;
      answers += 1;
      assert.is(written, 0, `answer ${answers} left before its writes were synced`);
      assert.ok(synced > 0, `answer ${answers} left without an fsync since the one before`);
      synced = 0;
    }
    assert.is(answers, COUNT);
  });
});

testKills(test, 7);

test.run();
