import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createSyncer } from '#lib/files/sync.server.ts';
import { settles } from '../support/wait.ts';

test('every sync ends, whether its file is there, gone or a symlink, and none is an error', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-sync-'));
  try {
    const errors: unknown[] = [];
    const syncer = createSyncer(dir, (error) => errors.push(error));
    const names = Array.from({ length: 50 }, (_, n) => `file-${n}`);
    for (const name of names) await writeFile(join(dir, name), name);
    await symlink('/dev/null', join(dir, 'link'));
    await settles(Promise.all([...names, 'gone', 'link'].map((name) => syncer.sync(name))));
    await settles(syncer.sync('file-0'));
    assert.equal(errors, []);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test.run();
