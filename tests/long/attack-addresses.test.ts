import { test } from 'uvu';
import { attackTest } from '../support/attack.ts';

attackTest(test, 'private addresses');

test.run();
