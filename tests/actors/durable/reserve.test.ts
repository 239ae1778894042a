import fs from 'node:fs/promises';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DiskReserve } from '#lib/actors/durable/reserve.server.ts';
import { waitFor } from '../../support/wait.ts';
import { freshDir } from './host.ts';

const KIB = 1024;

async function inDir(body: (file: string, dir: string) => Promise<void>): Promise<void> {
  const dir = await freshDir();
  try {
    await body(path.join(dir, 'reserve'), dir);
  } finally {
    await fs.rm(dir, { recursive: true, force: true });
  }
}

test('a reserve allocates real disk space, is private, and is complete at the next start', () =>
  inDir(async (file) => {
    const reserve = new DiskReserve(file, { bytes: 256 * KIB });
    assert.is(reserve.isWhole, false, 'nothing is touched before it is asked for');
    reserve.keep();
    assert.is(reserve.isWhole, true);
    const { size, blocks, mode, mtimeMs } = await fs.stat(file);
    assert.is(size, 256 * KIB);
    assert.ok(blocks * 512 >= size);
    assert.is(mode & 0o777, 0o600);
    const next = new DiskReserve(file, { bytes: 256 * KIB });
    next.keep();
    assert.is(next.isWhole, true);
    assert.is((await fs.stat(file)).mtimeMs, mtimeMs);
  }));

test('the reserve is released in parts, until nothing is left', () =>
  inDir(async (file) => {
    const reserve = new DiskReserve(file, { bytes: 256 * KIB });
    reserve.keep();
    for (const left of [192, 128, 64, 0]) {
      assert.is(reserve.release(), true);
      assert.is((await fs.stat(file)).size, left * KIB);
    }
    assert.is(reserve.release(), false);
    assert.is(reserve.isWhole, false);
  }));

test('the reserve is restored as soon as there is space', () =>
  inDir(async (file, dir) => {
    const nowhere = path.join(dir, 'later', 'reserve');
    const reserve = new DiskReserve(nowhere, { bytes: 64 * KIB, checkMs: 5 });
    reserve.keep();
    assert.is(reserve.isWhole, false);
    assert.is(reserve.release(), false);
    await fs.mkdir(path.dirname(nowhere));
    await waitFor(() => reserve.isWhole, { what: 'the reserve to be whole' });
    reserve.close();
    assert.is(await fs.stat(file).catch(() => null), null);
  }));

test.run();
