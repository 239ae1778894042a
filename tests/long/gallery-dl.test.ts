/** The real gallery-dl by the contract of engines. Needs python3 and bwrap. */
import { test } from 'uvu';
import { engineContract } from '../annie/engine-contract.ts';
import { openGalleryDl, reason } from '../sandbox/gallery-dl.ts';

engineContract(test, reason, openGalleryDl);

test.run();
