import { test } from 'uvu';
import { engineContract } from '../annie/engine-contract.ts';
import { openYtDlp, reason } from '../annie/yt-dlp/contract-subject.ts';
import { partial, partialMissing } from '../support/sandbox.ts';

engineContract(test, reason ?? partialMissing, () => openYtDlp(partial));

test.run();
