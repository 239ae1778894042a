import { test } from 'uvu';
import { testUnless } from '../support/skip.ts';
import { workerdMissing } from '../support/workerd.ts';
import { startCluster } from '../actors/workerd/workerd.ts';
import { contract } from '../actors/durable/contract.ts';
import { UNIT_MS, workerdHost } from '../actors/durable/workerd-host.ts';

const missing = workerdMissing();
const open = async () => workerdHost(await startCluster());
if (missing === null) contract('a cluster of workerd', open, UNIT_MS).run();
else testUnless(test, missing, 'a cluster of workerd keeps the contract of durable objects', () => undefined);

test.run();
