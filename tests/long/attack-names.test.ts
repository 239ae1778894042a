import { test } from 'uvu';
import { attackTest } from '../support/attack.ts';

attackTest(test, 'names of files');

test.run();
