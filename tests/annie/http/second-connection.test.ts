/** Some rows of `tests/long/second-connection.test.ts`. */
import { test } from 'uvu';
import { SOME_ODD_ROWS } from './odd-responses.ts';
import { testSecondConnection } from './second-connection.ts';

await testSecondConnection(test, SOME_ODD_ROWS);

test.run();
