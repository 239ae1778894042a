/**
 * The network of the server goes away and comes back, with downloads under way and in the queue: files, streams, and files
 * by yt-dlp. `node -C development tests/long/network-outage.test.ts 300` for an outage of five minutes alone.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DownloadView } from '#lib/protocol/download.ts';
import { contentPieces, sha256Of } from '../site/content.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';
import { ytDlpMissing } from '../support/yt-dlp.ts';
import { type NetworkFixture, networkMissing, openNetwork } from './network-fixture.ts';

const COUNT = 50;
const BYTES = 400_000;

const FRAGMENTS = 4;

type Kind = 'file' | 'stream' | 'yt-dlp';

function kindOf(n: number): Kind {
  if (n % 5 === 1) return 'stream';
  return n % 10 === 2 && ytDlpMissing() === null ? 'yt-dlp' : 'file';
}

/** 50 downloads, the first of them at 100 kB/s, at two hosts. */
async function addAll({ api, sites }: NetworkFixture): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < COUNT; n++) {
    const kind = kindOf(n);
    const rate = n < 6 ? '&rate=100000' : '';
    const size = kind === 'stream' ? BYTES / FRAGMENTS : BYTES;
    const ext = { file: 'bin', stream: 'm3u8', 'yt-dlp': 'mp4' }[kind];
    const engine = kind === 'yt-dlp' ? { engine: kind } : n % 5 === 0 ? {} : { engine: 'http' };
    ids.push(
      await api.add({ url: `${sites[n % 2]}/file/${n}.${ext}?size=${size}&seed=${n + 1}${rate}`, ...engine }),
    );
  }
  return ids;
}

function hashOf(n: number): string {
  if (kindOf(n) !== 'stream') return sha256Of(n + 1, BYTES);
  const hash = createHash('sha256');
  const fragment = [...contentPieces(n + 1, 0, BYTES / FRAGMENTS)];
  for (let each = 0; each < FRAGMENTS; each++) for (const piece of fragment) hash.update(piece);
  return hash.digest('hex');
}

const only = Number(process.argv[2]);
const OUTAGES: [how: 'unplugged' | 'silent', seconds: number][] = only
  ? [['silent', only]]
  : [
      ['unplugged', 45],
      ['silent', 120],
    ];

async function all({ api }: NetworkFixture): Promise<DownloadView[]> {
  return api.list('?limit=200');
}

for (const [how, seconds] of OUTAGES) {
  testUnless(
    test,
    networkMissing,
    `50 downloads outlive ${seconds} s without a network (${how}): none fails, all complete without a click`,
    async () => {
      const fixture = await openNetwork({ SLUICE_MAX_ACTIVE_PER_SESSION: '3', SLUICE_STALL_MS: '20000' });
      try {
        const ids = await addAll(fixture);
        await waitFor(
          async () => (await all(fixture)).filter(({ receivedBytes }) => receivedBytes > 0).length >= 3,
        );
        fixture.lose(how);
        // The outage itself: there is nothing to wait for but its end. Each second the list is looked at.
        let down = 0;
        // A connection that was on its way when the link was lost may still be accepted.
        let before = 0;
        for (let second = 0; second < seconds; second++) {
          await wait(1000);
          if (second === 0) before = fixture.connections;
          const rows = await all(fixture);
          assert.equal(
            rows.filter(({ state }) => state === 'error'),
            [],
          );
          if (rows.some(({ error }) => error?.code === 'network_down')) down++;
        }
        const waiting = (await all(fixture)).filter(({ state }) => state === 'waiting');
        assert.ok(down > 0, 'it is said that there is no network');
        assert.ok(waiting.length <= 6, `${waiting.length} wait: the others were to stay in the queue`);
        for (const row of waiting) {
          assert.is(row.error?.code, 'network_down');
          assert.ok(row.since !== undefined && row.retryAt !== undefined);
        }
        assert.is(fixture.connections, before);
        fixture.restore();
        const back = performance.now();
        const done = await waitFor(
          async () => {
            const rows = await all(fixture);
            assert.equal(
              rows.filter(({ state }) => state === 'error'),
              [],
            );
            return rows.every(({ state }) => state === 'complete') && rows;
          },
          { deadlineMs: 240_000, what: 'all to complete' },
        );
        console.log(
          `${how}: all complete ${Math.round((performance.now() - back) / 1000)} s after the network was back`,
        );
        assert.is(done.length, COUNT);
        for (const row of done) {
          const n = Number(/(\d+)\.\w+\?/.exec(row.url)?.[1]);
          const body = readFileSync(join(fixture.server.place.downloadDir, row.file?.name ?? ''));
          assert.is(createHash('sha256').update(body).digest('hex'), hashOf(n), row.url);
        }
        assert.is(ids.length, COUNT);
      } finally {
        await fixture.close();
      }
    },
  );
}

test.run();
