import { test } from 'uvu';
import { engineContract } from '../annie/engine-contract.ts';
import { openYtDlp, reason } from '../annie/yt-dlp/contract-subject.ts';
import { sandbox, sandboxMissing } from '../support/sandbox.ts';

engineContract(test, reason ?? sandboxMissing, () => openYtDlp(sandbox));

test.run();
