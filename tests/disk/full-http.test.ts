import { test } from 'uvu';
import { testFullDisk } from './full-download.ts';

testFullDisk(test, 'http', null);

test.run();
