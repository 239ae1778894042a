/** Some rows of `tests/long/contradictions-fast.test.ts`. */
import { test } from 'uvu';
import { testFast } from './contradictions-fast.ts';
import { SOME_ODD_ROWS } from './odd-responses.ts';

testFast(test, SOME_ODD_ROWS);

test.run();
