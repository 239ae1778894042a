/** When a track is synced, and what of it is noted while it changes. */
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FragmentPart } from '#lib/annie/http/hls/fragment-part.server.ts';
import { readSyncedTrack } from '#lib/annie/http/hls/synced-track.server.ts';
import { TrackStateFile } from '#lib/annie/http/hls/track-state-file.server.ts';
import { freshState, loadTrackState, startTrackOver } from '#lib/annie/http/hls/track-state.server.ts';
import { TrackSync } from '#lib/annie/http/hls/track-sync.server.ts';
import { SYNC_EVERY_BYTES, SYNC_EVERY_MS, SyncSchedule } from '#lib/files/sync-schedule.ts';
import { syncOnDisk } from '#lib/files/sync.server.ts';
import { freshDir, removeDirs } from './kit.ts';

const test = suite<{ path: string }>('hls-track-sync');
test.before.each(async (folder) => {
  folder.path = join(await freshDir(), 'hls-video');
});
test.after(removeDirs);

test('a sync is due after 64 MB or 10 s, if anything has arrived', () => {
  const schedule = new SyncSchedule(0);
  assert.not(schedule.isDue(1e9));
  schedule.add(1);
  assert.not(schedule.isDue(SYNC_EVERY_MS - 1));
  assert.ok(schedule.isDue(SYNC_EVERY_MS));
  schedule.start(SYNC_EVERY_MS);
  assert.not(schedule.isDue(3 * SYNC_EVERY_MS));
  schedule.add(SYNC_EVERY_BYTES - 1);
  assert.not(schedule.isDue(SYNC_EVERY_MS));
  schedule.add(1);
  assert.ok(schedule.isDue(SYNC_EVERY_MS));
  assert.is(schedule.unsyncedBytes, SYNC_EVERY_BYTES);
});

test('a note names no fragment that was begun anew while it was synced', async ({ path }) => {
  const state = freshState({ fingerprint: 'f', addressHash: 'a' }, '1');
  await startTrackOver(path, state);
  const keeper = { add: () => {}, remove: () => Promise.resolve(), written: () => {} };
  const seen = { validators: { etag: null, lastModified: null, ifRange: null }, totalBytes: null };
  const parts: [number, FragmentPart][] = [];
  for (const index of [0, 1]) {
    await fs.writeFile(`${path}.${index}.part`, 'bytes');
    parts.push([index, await FragmentPart.find(`${path}.${index}`, { url: 'u', seen }, keeper)]);
  }
  const sync = await TrackSync.start({
    path,
    snapshot: () => ({ state, waiting: [], begun: parts }),
    onFailure: (error) => assert.unreachable(error.message),
    async syncPath(file, how) {
      if (file.endsWith('.0.part')) await parts[0]?.[1].drop();
      await syncOnDisk(file, how);
    },
  });
  sync.add(SYNC_EVERY_BYTES);
  await sync.stop({ isDone: false });
  const synced = await readSyncedTrack(path);
  assert.equal(
    synced?.others.map(({ index, bytes }) => [index, bytes]),
    [[1, 5]],
  );
});

test('an attempt ends after the last write of its state', async ({ path }) => {
  const state = freshState({ fingerprint: 'f', addressHash: 'a' }, '1');
  await startTrackOver(path, state);
  const file = new TrackStateFile(path, state);
  state.addresses = 'other';
  void file.save();
  await file.flush();
  assert.is((await loadTrackState(path, state.fingerprint))?.addresses, 'other');
});

test.run();
