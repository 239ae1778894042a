import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DownloadView } from '#lib/protocol/download.ts';
import './svelte-modules.ts';

const { DownloadList } = await import('#lib/ui/state/download-list.svelte.ts');
const { engineLabel } = await import('#lib/ui/labels.ts');

test('an engine that is a program has the name of its folder', () => {
  assert.is(engineLabel('program:gallery-dl'), 'gallery-dl');
  assert.is(engineLabel('yt-dlp'), 'yt-dlp');
});

test('a row that lacks one byte is below 100 % and has time left', () => {
  const list = new DownloadList({
    page: async () => ({ downloads: [], next: null }),
    row: async () => null,
  });
  const row: DownloadView = {
    ...{ id: 'a', url: 'http://a.test/a', title: 'a', engine: 'http', state: 'download', attempt: 1 },
    ...{ receivedBytes: 0, totalBytes: 1_000_000, percent: 0, bytesPerSecond: 4_000_000, etaSeconds: 1 },
    ...{ createdAt: '2026-11-29T10:00:00.000Z', finishedAt: null, file: null, error: null },
  };
  const totals = { active: 1, queued: 0, done: 0, failed: 0, bytesPerSecond: 0 };
  list.apply({ type: 'snapshot', epoch: 'e', seq: 0, downloads: [row], next: null, totals });
  list.apply({ type: 'update', seq: 1, changes: [{ id: 'a', receivedBytes: 999_999 }] });
  const [shown] = list.rows;
  assert.equal([shown?.receivedBytes, shown?.percent, shown?.etaSeconds], [999_999, 99.9, 1]);
});

test.run();
