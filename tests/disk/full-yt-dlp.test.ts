import { test } from 'uvu';
import { ytDlpMissing } from '../support/yt-dlp.ts';
import { testFullDisk } from './full-download.ts';

testFullDisk(test, 'yt-dlp', ytDlpMissing());

test.run();
