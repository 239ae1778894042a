import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

test('a watchdog that is closed as its thread starts keeps the process until the thread has ended', () => {
  const program = fileURLToPath(new URL('close-as-it-starts.ts', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  assert.is(stderr, '');
  assert.is(stdout, 'closed\n');
  assert.is(status, 0);
});

test.run();
