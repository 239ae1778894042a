/** yt-dlp without a sandbox, as on a system that has none; `npm test` has both levels of the sandbox. */
import { test } from 'uvu';
import { engineContract } from '../annie/engine-contract.ts';
import { openYtDlp, reason } from '../annie/yt-dlp/contract-subject.ts';

engineContract(test, reason, () => openYtDlp(null));

test.run();
