/** How many connections streams hold: four for each that runs, however many fragments, tracks and streams there are. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunnerEvent } from '#lib/protocol/runner.ts';
import { Runner } from '#lib/runner/runner.ts';
import { startOf } from '../runner/fixture.ts';
import { waitFor } from '../support/wait.ts';
import { HLS, it, openStreamKit, ts } from './stream-kit.ts';
import { response, type WildAnswer } from './origin.ts';

const STREAMS = 16;
/** As many as a session runs at a time by default. */
const ACTIVE = 3;
const EACH = 4;
/** So that many are asked for at the same time. */
const SLOW_MS = 15;

it('many streams of one session hold four connections for each of the three that run', async () => {
  const streams = await openStreamKit();
  const { origin, engine, registry } = streams;
  const dir = await mkdtemp(join(tmpdir(), 'sluice-hls-connections-'));
  const events: RunnerEvent[] = [];
  const runner = new Runner({
    registry,
    downloadDir: dir,
    maxActive: ACTIVE,
    onEvents: (_session, sent) => events.push(...sent),
  });
  let [busy, most, mostOpen] = [0, 0, 0];
  const slow = (body: Buffer): WildAnswer =>
    async function* (this: void) {
      most = Math.max(most, ++busy);
      mostOpen = Math.max(mostOpen, origin.openSockets());
      await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
      busy--;
      yield response('Content-Type: video/mp2t', body);
    };
  try {
    const lines = ts.map((piece, index) => {
      origin.serve(`/piece${index}.ts`, slow(piece));
      return `#EXTINF:1,\n/piece${index}.ts`;
    });
    const text = ['#EXTM3U', '#EXT-X-TARGETDURATION:1', ...lines, '#EXT-X-ENDLIST'].join('\n');
    for (let n = 0; n < STREAMS; n++) {
      const url = origin.serve(`/stream${n}.m3u8`, response(HLS, text));
      runner.send('s1', startOf(`d${n}`, 1, { url }));
    }
    const ended = (): RunnerEvent[] => events.filter(({ type }) => type === 'done' || type === 'failed');
    await waitFor(() => ended().length === STREAMS, { what: 'all streams' });
    assert.ok(ended().every(({ type }) => type === 'done'));
    assert.ok(most > EACH, `${most} at a time: too few to tell`);
    assert.ok(most <= ACTIVE * EACH, `${most} requests at a time`);
    assert.ok(mostOpen <= ACTIVE * EACH, `${mostOpen} open connections`);
  } finally {
    await runner.close();
    await engine.close();
    await streams.close();
    await rm(dir, { recursive: true, force: true });
  }
});

test.run();
