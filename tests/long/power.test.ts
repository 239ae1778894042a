/** `npm run crash:power` in small: in a process of its own, as its mounts are in a namespace of their own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { unlessPowerCuts } from '../../bench/crash/power/disk.ts';
import { PROJECT } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';

const POWER = join(PROJECT, 'bench/crash/power/run.ts');
const KINDS = 'small,one,large,hls,hls-large,sha256,yt-dlp';

testUnless(
  test,
  unlessPowerCuts(),
  'what is complete survives 8 power cuts, and so do all adds',
  async () => {
    const argv = [...process.execArgv, POWER, '--cuts', '8', '--smaller', '4', '--kinds', KINDS];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const [status] = (await once(child, 'close')) as [number | null];
    console.log(output);
    assert.is(status, 0);
    assert.match(output, /^8 power cuts/m);
    assert.not.match(output, /\(0 with files/);
  },
);

test.run();
