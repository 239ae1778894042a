import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OrphanWatch } from '../../bench/crash/orphans.ts';
import type { MarkedProcess } from '../../bench/crash/processes.ts';
import { noProc } from '../process/machine.ts';
import type { Api } from '../support/api.ts';
import { makePlace, type Place, startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';

/** Real children behind the real adapter of lux, and a server that gives up on silence soon. */
const STALL_MS = 1_500;
/** A flood of 1 GB may cost the server as much as any busy download, not what was printed. */
const MOST_GROWN_BYTES = 128 * 1024 * 1024;

interface Ground {
  place: Place;
  server: TestServer;
  api: Api;
  watch: OrphanWatch;
  add: (mode: string) => Promise<string>;
  /** The processes of the download of that mode. */
  engines: (mode: string) => MarkedProcess[];
}

async function grounded(body: (ground: Ground) => Promise<void>, stallMs = STALL_MS): Promise<void> {
  const place = makePlace();
  const bin = join(place.dir, 'bin');
  mkdirSync(bin);
  copyFileSync(join(import.meta.dirname, 'hostile-engine.sh'), join(bin, 'lux'));
  const server = await startServer({
    place,
    env: { PATH: `${bin}:/usr/bin:/bin`, SLUICE_ENGINES: 'lux', SLUICE_STALL_MS: String(stallMs) },
  });
  const watch = new OrphanWatch(place.dataDir);
  try {
    const api = await server.session();
    await body({
      place,
      server,
      api,
      watch,
      add: (mode) => api.add({ url: `http://127.0.0.1:9/${mode}`, engine: 'lux', filename: mode }),
      engines(mode) {
        const living = watch.living();
        const groups = living.filter(({ command }) => command.endsWith(`/${mode}`)).map(({ group }) => group);
        return living.filter(({ group }) => groups.includes(group));
      },
    });
  } finally {
    await server.stop();
    assert.equal(watch.living(), []);
    place.remove();
  }
}

const stopped = (ground: Ground, mode: string): Promise<unknown> =>
  waitFor(() => ground.engines(mode).length === 0, { what: `nothing of ${mode} to run` });

const running = (ground: Ground, mode: string): Promise<MarkedProcess[]> =>
  waitFor(() => (ground.engines(mode).length > 1 ? ground.engines(mode) : null), {
    what: `${mode} to run with its children`,
  });

testUnless(test, noProc, 'an engine that exits at once is tried again, and says why meanwhile', () =>
  grounded(async ({ api, add }) => {
    const [bad, good] = [await add('exits-a'), await add('good-a')];
    const waiting = await api.waitFor(bad, 'waiting');
    assert.is(waiting.error?.code, 'engine_exit');
    await api.waitFor(good, 'complete');
    // how it ends after all its attempts is a matter of the session's tests, where time is a number
    await api.waitUntil(bad, 'a third attempt', ({ attempt }) => attempt >= 3);
  }),
);

testUnless(test, noProc, 'an engine from which nothing comes is ended, also one that hears no signal', () =>
  grounded(async (ground) => {
    const { api, add } = ground;
    const ids = [await add('hangs-a'), await add('deaf-a'), await add('good-a')];
    await api.waitFor(ids[2]!, 'complete');
    for (const id of ids.slice(0, 2)) {
      assert.is((await api.waitFor(id, 'waiting')).error?.code, 'engine_stalled');
      await api.act(id, 'pause');
    }
    await stopped(ground, 'hangs-a');
    await stopped(ground, 'deaf-a');
  }),
);

testUnless(test, noProc, 'a deaf engine is gone before the next attempt works in its dir', () =>
  grounded(async (ground) => {
    const { api, add } = ground;
    const id = await add('deaf-a');
    const first = new Set((await running(ground, 'deaf-a')).map(({ pid }) => pid));
    await api.act(id, 'pause');
    await api.act(id, 'resume');
    const second = await waitFor(
      () => {
        const now = ground.engines('deaf-a');
        const [old, young] = [
          now.filter(({ pid }) => first.has(pid)),
          now.filter(({ pid }) => !first.has(pid)),
        ];
        // a gate of the new attempt while anything of the old one lives would be one too many
        assert.ok(old.length === 0 || young.length === 0, 'two attempts at once');
        return young.length > 0 && young;
      },
      { what: 'the next attempt' },
    );
    assert.ok(second.length > 0);
    assert.is((await api.call('DELETE', `/api/downloads/${id}`)).status, 204);
    assert.equal(ground.engines('deaf-a'), []);
  }),
);

testUnless(test, noProc, 'kill -9 of an engine takes its group along, and the download tries again', () =>
  grounded(async (ground) => {
    const { api, add, watch } = ground;
    const id = await add('hangs-a');
    const [leader] = (await running(ground, 'hangs-a')).filter(({ pid, group }) => pid === group);
    const { attempt } = await api.get(id);
    process.kill(leader!.pid, 'SIGKILL');
    await watch.leaderKilled(performance.now(), leader!);
    assert.equal(watch.trouble, []);
    await api.waitUntil(id, 'another attempt', (row) => row.attempt > attempt);
    await running(ground, 'hangs-a');
  }),
);

testUnless(test, noProc, 'a flood of 1 GB and a line of 10 MB cost no memory and no sibling', () =>
  grounded(async ({ api, add, server }) => {
    await api.waitFor(await add('good-a'), 'complete');
    const before = peakBytes(server.pid);
    const ids = [await add('floods-a'), await add('line-a'), await add('good-b')];
    for (const id of ids) {
      const { file } = await api.waitFor(id, 'complete');
      assert.is(file?.bytes, 5);
    }
    const grownBytes = peakBytes(server.pid) - before;
    console.log(`the peak of the server's memory grew by ${Math.round(grownBytes / 1024 ** 2)} MiB`);
    assert.ok(grownBytes < MOST_GROWN_BYTES, `${grownBytes} bytes`);
  }, 600_000),
);

/** The most memory that a process ever had: VmHWM of proc(5). */
function peakBytes(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;
}

test.run();
