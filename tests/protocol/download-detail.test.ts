import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DOWNLOAD_STATES, type DownloadState } from '#lib/protocol/download.ts';
import { detailOf, type DownloadDetail } from '#lib/protocol/download-detail.ts';

const [since, retryAt] = ['2026-11-29T10:00:00.000Z', '2026-11-29T10:05:00.000Z'];
/** Every field that any state may have left. */
const all = {
  ...{ since, retryAt, awaitingSince: since, hostLimit: 2, gaveWay: true, saving: true },
  sha256: 'a1'.repeat(32),
};
const expected: Record<DownloadState, DownloadDetail> = {
  queued: { kind: 'host-limit', connections: 2 },
  parse: { kind: 'awaiting', since },
  download: { kind: 'awaiting', since },
  finish: { kind: 'saving' },
  paused: { kind: 'none' },
  waiting: { kind: 'retry', retryAt, since },
  complete: { kind: 'none' },
  error: { kind: 'none' },
  cancelled: { kind: 'none' },
};

for (const state of DOWNLOAD_STATES) {
  test(`of what earlier states have left, ${state} shows only its own`, () => {
    assert.equal(detailOf({ ...all, state }), expected[state]);
  });

  test(`with nothing to say of it, ${state} has no detail`, () => {
    const nothing = state === 'waiting' ? { kind: 'retry', retryAt: null, since: null } : { kind: 'none' };
    assert.equal(detailOf({ state }), nothing);
    assert.equal(
      detailOf({ state, hostLimit: null, gaveWay: false, awaitingSince: null, saving: false }),
      nothing,
    );
  });
}

test('what has given way says so, unless its server is what it waits for', () => {
  assert.equal(detailOf({ ...all, state: 'queued', hostLimit: null }), { kind: 'gave-way' });
});

test('a file is checked before it is saved', () => {
  assert.equal(detailOf({ ...all, state: 'finish', saving: false }), { kind: 'checking' });
});

test('a row without a detail keeps the same value, so that nothing is drawn again', () => {
  assert.is(detailOf({ state: 'download' }), detailOf({ state: 'queued' }));
});

test.run();
