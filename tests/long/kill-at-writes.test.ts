import { test } from 'uvu';
import { testKills } from '../actors/durable/kill-at-writes.ts';

testKills(test, 1);

test.run();
