import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bootId, readBootId, setBootId } from '#lib/files/boot-id.server.ts';

test('the boot id is that of the kernel, the same at each call', () => {
  const kernels = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  assert.is(bootId(), kernels);
  assert.is(bootId(), kernels);
});

test('without a readable boot id every process has its own', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-boot-'));
  const path = join(dir, 'boot_id');
  assert.is.not(readBootId(path), readBootId(path));
  writeFileSync(path, '');
  assert.match(readBootId(path), /^[0-9a-f-]{36}$/);
  rmSync(dir, { recursive: true });
});

test('a test can set another boot', () => {
  setBootId('another');
  assert.is(bootId(), 'another');
  setBootId(null);
  assert.is.not(bootId(), 'another');
});

test.run();
