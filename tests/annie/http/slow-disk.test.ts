/** A network that is faster than the disk: what is received and not yet written is held in memory, so it has a limit. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startSite } from '../../site/site.ts';
import { testUnless } from '../../support/skip.ts';
import { straceMissing } from '../../support/strace.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { freshDir, removeDirs } from './kit.ts';

const site = await startSite();
const MiB = 1024 * 1024;
const SIZE = 128 * MiB;
/** Four connections, each with 4 MiB that wait, a block that fills and one that is written. */
const MOST_HELD = 32 * MiB;
/** Each write takes 50 ms more: what the disk takes is some 2 to 20 MB/s. */
const SLOW_WRITES = [
  '-f',
  '-qq',
  '-s',
  '0',
  '-e',
  'trace=pwrite64',
  '-e',
  'inject=pwrite64:delay_exit=50000',
];

const missing = straceMissing();
for (const [what, query] of [
  ['read by the fast path', ''],
  ['that comes as a stream', '&fault=unknown-size'],
] as const) {
  testUnless(test, missing, `a body ${what} is not received faster than it is written`, async () => {
    const workDir = await freshDir();
    const log = join(workDir, 'strace.log');
    const script = join(import.meta.dirname, 'fetch-child.ts');
    const url = `${site.url}/file/slow.bin?size=${SIZE}&seed=3${query}`;
    const child = spawn(
      'strace',
      [...SLOW_WRITES, '-o', log, process.execPath, '-C', 'development', script, url, workDir],
      { stdio: ['ignore', 'pipe', 'inherit'], detached: true },
    );
    const exit = once(child, 'exit');
    let received = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      received = Number(text.trim().split('\n').at(-1));
    });
    try {
      let [written, mostHeld] = [0, 0];
      await waitFor(
        async () => {
          written = sumOf(await readFile(log, 'utf8').catch(() => ''));
          mostHeld = Math.max(mostHeld, received - written);
          return written >= 16 * MiB || child.exitCode !== null;
        },
        { what: 'some of the file to be written', deadlineMs: 120_000 },
      );
      assert.is(child.exitCode, null, 'it ended before its time');
      assert.ok(mostHeld < MOST_HELD, `${mostHeld} bytes were held in memory`);
    } finally {
      process.kill(-child.pid!, 'SIGKILL');
      await settles(exit);
    }
  });
}

/** Bytes that the traced writes have put into the file. */
function sumOf(log: string): number {
  return [...log.matchAll(/pwrite64\(.*= (\d+)/g)].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
}

test.after(async () => {
  await site.close();
  await removeDirs();
});

test.run();
