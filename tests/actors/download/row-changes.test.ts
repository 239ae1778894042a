import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type DownloadRow, newRow } from '#lib/actors/download/row.ts';
import { isOnlyProgress } from '#lib/actors/download/row-changes.ts';

const body = {
  url: 'https://h.test/a',
  streamId: null,
  engine: null,
  filename: null,
  title: null,
  sha256: undefined,
};
const row = newRow('AAAAAAAAAAA', 1, body, 0, 'command:a');
const isProgress = (change: Partial<DownloadRow>): boolean => isOnlyProgress(row, { ...row, ...change });

test('bytes, sizes and failures are progress, and everything else has to be stored', () => {
  for (const change of [
    {},
    { receivedBytes: 5, totalBytes: 9, percent: 50, failures: 1, furthestBytes: 5, gapSeconds: 1 },
  ])
    assert.ok(isProgress(change));
  for (const change of [
    { state: 'download' },
    { attempt: 2 },
    { title: 'b' },
    { engine: 'http' },
    { wantedName: 'b' },
    { dueAt: 1 },
    { away: { since: 1, host: null } },
    { receivedBytes: 5, awaitingSince: 1 },
    { aFieldOfALaterVersion: 1 },
  ] as Partial<DownloadRow>[])
    assert.not(isProgress(change), JSON.stringify(change));
});

test('a field that goes is a change too', () => {
  assert.not(isOnlyProgress({ ...row, listedTitle: 'b' }, row));
});

test.run();
