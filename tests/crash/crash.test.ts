import { test } from 'uvu';
import { noProc } from '../process/machine.ts';
import { testUnless } from '../support/skip.ts';
import { seed, survive } from './survive.ts';

testUnless(test, noProc, 'after 8 kills of the server no download is lost, duplicated or wrong', () =>
  survive({ seed, downloads: 40, kills: 8, engineKills: 4 }),
);

test.run();
