import { test } from 'uvu';
import { testUnless } from '../support/skip.ts';
import { unlessMounts } from './disks.ts';
import { survivesOutage } from './outage.ts';

testUnless(
  test,
  unlessMounts(),
  'with the disk away for 45 s, 50 downloads wait and are complete afterwards',
  () => survivesOutage(45_000),
);

test.run();
