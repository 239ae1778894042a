import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { entryCommand } from '#lib/annie/yt-dlp/entry.ts';
import { testUnless } from '../../support/skip.ts';
import { missing, toolPath } from '../../support/tools.ts';
import { withDir } from '../process/machine.ts';

const reason = missing('python3');

/** How a yt-dlp ends whose `main` is this Python. */
async function endOf(main: string): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return withDir(async (dir) => {
    await mkdir(join(dir, 'yt_dlp'));
    await writeFile(join(dir, 'yt_dlp', '__init__.py'), `import sys\ndef main():\n    ${main}\n`);
    const [python = '', ...args] = entryCommand(toolPath('python3') ?? '', dir);
    return spawnSync(python, [...args, 'word'], { encoding: 'utf8' });
  });
}

testUnless(test, reason, 'the exit code is the one that yt-dlp ended with', async () => {
  const ends: [string, number][] = [
    ['sys.exit(0)', 0],
    ['sys.exit()', 0],
    ['pass', 0],
    ['sys.exit(101)', 101],
    ['raise ValueError("broken")', 1],
  ];
  for (const [main, status] of ends) assert.is((await endOf(main)).status, status, main);
});

testUnless(test, reason, 'last words are printed, and are a failure', async () => {
  const { status, stderr } = await endOf('sys.exit("ERROR: Interrupted by user")');
  assert.is(status, 1);
  assert.match(stderr, 'ERROR: Interrupted by user');
});

testUnless(test, reason, 'what was printed last arrives, and the arguments are those given', async () => {
  const { stdout } = await endOf('sys.stdout.write("x" * 100_000 + sys.argv[1])');
  assert.is(stdout.length, 100_004);
  assert.ok(stdout.endsWith('word'));
});

testUnless(test, reason, 'threads that still work and handlers of others come first', async () => {
  const { stdout } = await endOf(
    [
      'import atexit, threading',
      'waits = threading.Event()',
      'threading.Thread(target=lambda: (waits.wait(), print("thread"))).start()',
      'atexit.register(lambda: print("handler"))',
      'waits.set()',
    ].join('; '),
  );
  assert.equal(stdout.trim().split('\n'), ['thread', 'handler']);
});

testUnless(test, reason, 'output that cannot be flushed is no good end', async () => {
  const { status } = await endOf('import os; os.close(1); os.open("/dev/full", os.O_WRONLY); print("x")');
  assert.ok(status !== 0);
});

test.run();
