/** All odd responses to a request for the rest of a large file; `npm test` has some of them. */
import { test } from 'uvu';
import { testFast } from '../annie/http/contradictions-fast.ts';
import { ODD_ROWS } from '../annie/http/odd-responses.ts';

testFast(test, ODD_ROWS);

test.run();
