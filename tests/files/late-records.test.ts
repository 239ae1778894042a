/** When the journal of a large file says that it was synced. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { realDisk } from '#lib/files/finish/disk.server.ts';
import { readJournal } from '#lib/files/finish/journal.server.ts';
import { finishFile } from '#lib/files/finish/finish.server.ts';
import { LateRecords } from '#lib/files/late-records.server.ts';
import { waitFor } from '../support/wait.ts';

const MIB = 1024 * 1024;

async function landed(): Promise<{ dir: string; isRecorded: () => Promise<boolean> }> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-late-'));
  writeFileSync(join(dir, 'data'), 'x');
  await finishFile({ workDir: dir, downloadDir: dir, path: join(dir, 'data'), bytes: 1, name: 'clip.mp4' });
  return { dir, isRecorded: async () => (await readJournal(dir, realDisk))?.synced === true };
}

test('it is recorded after a while for a large file, and not for one whose work dir is about to go', async () => {
  const records = new LateRecords(1);
  const [large, small, gone] = [await landed(), await landed(), await landed()];
  try {
    records.add(small.dir, 16 * MIB - 1);
    records.add(gone.dir, 16 * MIB);
    const before = readFileSync(join(gone.dir, 'finish.json'), 'utf8');
    await records.stop(gone.dir);
    records.add(large.dir, 16 * MIB);
    await waitFor(large.isRecorded, { what: 'the record' });
    await records.close();
    assert.equal([await small.isRecorded(), await gone.isRecorded()], [false, false]);
    assert.is(readFileSync(join(gone.dir, 'finish.json'), 'utf8'), before);
  } finally {
    for (const { dir } of [large, small, gone]) rmSync(dir, { recursive: true });
  }
});

test('stopping waits for a record that is being written', async () => {
  const records = new LateRecords(0);
  const { dir, isRecorded } = await landed();
  try {
    records.add(dir, 16 * MIB);
    // Timers that are due run before what was set later.
    await new Promise((resolve) => setTimeout(resolve, 1));
    await records.stop(dir);
    assert.ok(await isRecorded());
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test.run();
