import { test } from 'uvu';
import { attackTest } from '../support/attack.ts';

attackTest(test, 'control of addresses', 'hostile engine', 'readers of text', 'quotas');

test.run();
