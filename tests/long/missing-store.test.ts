/** All ways to lose a store; `npm test` has some of them. */
import { test } from 'uvu';
import { LOSSES, testLosses } from '../disk/losses.ts';

testLosses(test, Object.keys(LOSSES));

test.run();
