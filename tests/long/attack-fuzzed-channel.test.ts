import { test } from 'uvu';
import { attackTest } from '../support/attack.ts';

attackTest(test, 'fuzzed channel');

test.run();
