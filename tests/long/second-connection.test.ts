/** All odd responses to the extra connections of a download; `npm test` has some of them. */
import { test } from 'uvu';
import { ODD_ROWS } from '../annie/http/odd-responses.ts';
import { testSecondConnection } from '../annie/http/second-connection.ts';

await testSecondConnection(test, ODD_ROWS);

test.run();
