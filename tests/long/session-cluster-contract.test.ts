import { test } from 'uvu';
import { testUnless } from '../support/skip.ts';
import { workerdMissing } from '../support/workerd.ts';
import { startCluster } from '../actors/workerd/workerd.ts';
import { contract } from '../actors/session/contract.ts';
import { workerdHost } from '../actors/session/workerd-host.ts';

const missing = workerdMissing();
if (missing === null) contract('session on a cluster of workerd', () => workerdHost(startCluster)).run();
else testUnless(test, missing, 'a session keeps its contract on a cluster of workerd', () => undefined);

test.run();
