import { test } from 'uvu';
import { testFullDisk } from '../disk/full-download.ts';
import { ytDlpMissing } from '../support/yt-dlp.ts';

testFullDisk(test, 'yt-dlp', ytDlpMissing());

test.run();
