import { test } from 'uvu';
import { attackTest } from '../support/attack.ts';

attackTest(test, 'fixed sessions', 'forged requests', 'script in texts');

test.run();
