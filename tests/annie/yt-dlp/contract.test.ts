import { test } from 'uvu';
import { engineContract } from '../engine-contract.ts';
import { openYtDlp, reason } from './contract-subject.ts';

engineContract(test, reason, () => openYtDlp(null));

test.run();
