/** More kills than in `npm test`, and the plans that once failed. */
import { test } from 'uvu';
import { FAILED_SEEDS } from '../crash/failed-seeds.ts';
import { seed, survive } from '../crash/survive.ts';
import { noProc } from '../process/machine.ts';
import { testUnless } from '../support/skip.ts';

testUnless(test, noProc, 'after 20 kills of the server no download is lost, duplicated or wrong', () =>
  survive({ seed, downloads: 80, kills: 20, engineKills: 8 }),
);

for (const { seed: failed, was } of FAILED_SEEDS) {
  testUnless(test, noProc, `nothing is lost with the plan of seed ${failed} (it was: ${was})`, () =>
    survive({ seed: failed, downloads: 30, kills: 6, engineKills: 0 }),
  );
}

test.run();
