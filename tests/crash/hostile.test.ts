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

/** Real child processes behind the real lux adapter, and a server with a short stall timeout. */
const STALL_MS = 1_500;
/** The memory limit of the server during a flood of 300 MB: that of any busy download. */
const MOST_GROWN_BYTES = 128 * 1024 * 1024;

interface Fixture {
  place: Place;
  server: TestServer;
  api: Api;
  watch: OrphanWatch;
  add: (mode: string) => Promise<string>;
  /** The processes of the download with that mode. */
  engines: (mode: string) => MarkedProcess[];
}

async function withServer(body: (fixture: Fixture) => Promise<void>, stallMs = STALL_MS): Promise<void> {
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

const waitForNone = (fixture: Fixture, mode: string): Promise<unknown> =>
  waitFor(() => fixture.engines(mode).length === 0, { what: `nothing of ${mode} to run` });

const waitForEngines = (fixture: Fixture, mode: string): Promise<MarkedProcess[]> =>
  waitFor(
    () => {
      const found = fixture.engines(mode);
      return found.length > 1 && found.some(({ pid, group }) => pid === group) ? found : null;
    },
    { what: `${mode} to run with its children` },
  );

testUnless(test, noProc, 'an engine that exits at once is retried, and the row shows why meanwhile', () =>
  withServer(async ({ api, add }) => {
    const [bad, good] = [await add('exits-a'), await add('good-a')];
    const waiting = await api.waitFor(bad, 'waiting');
    assert.is(waiting.error?.code, 'engine_exit');
    await api.waitFor(good, 'complete');
    // the outcome after all retries is tested with a simulated clock in tests/actors/session
    await api.waitUntil(bad, 'a third attempt', ({ attempt }) => attempt >= 3);
  }),
);

testUnless(test, noProc, 'an engine without output is ended, also if it ignores signals', () =>
  withServer(async (fixture) => {
    const { api, add } = fixture;
    const ids = [await add('hangs-a'), await add('deaf-a'), await add('good-a')];
    await api.waitFor(ids[2]!, 'complete');
    for (const id of ids.slice(0, 2)) {
      assert.is((await api.waitFor(id, 'waiting')).error?.code, 'engine_stalled');
      await api.act(id, 'pause');
    }
    await waitForNone(fixture, 'hangs-a');
    await waitForNone(fixture, 'deaf-a');
  }),
);

testUnless(
  test,
  noProc,
  'an engine that ignores signals is gone before the next attempt starts in its dir',
  () =>
    withServer(async (fixture) => {
      const { api, add } = fixture;
      const id = await add('deaf-a');
      // By run: a sandbox consists of several processes, which begin one after the other.
      const first = new Set((await waitForEngines(fixture, 'deaf-a')).map(({ mark }) => mark));
      await api.act(id, 'pause');
      await api.act(id, 'resume');
      const second = await waitFor(
        () => {
          const now = fixture.engines('deaf-a');
          const [old, young] = [
            now.filter(({ mark }) => first.has(mark)),
            now.filter(({ mark }) => !first.has(mark)),
          ];
          // no process of the new attempt may exist while one of the old attempt is alive
          assert.ok(old.length === 0 || young.length === 0, 'two attempts at once');
          return young.length > 0 && young;
        },
        { what: 'the next attempt' },
      );
      assert.ok(second.length > 0);
      assert.is((await api.call('DELETE', `/api/downloads/${id}`)).status, 204);
      assert.equal(fixture.engines('deaf-a'), []);
    }),
);

testUnless(test, noProc, 'kill -9 of an engine ends its whole group, and the download is retried', () =>
  withServer(async (fixture) => {
    const { api, add, watch } = fixture;
    const id = await add('hangs-a');
    const [leader] = (await waitForEngines(fixture, 'hangs-a')).filter(({ pid, group }) => pid === group);
    const { attempt } = await api.get(id);
    process.kill(leader!.pid, 'SIGKILL');
    await watch.leaderKilled(performance.now(), leader!);
    assert.equal(watch.trouble, []);
    await api.waitUntil(id, 'another attempt', (row) => row.attempt > attempt);
    await waitForEngines(fixture, 'hangs-a');
  }),
);

testUnless(
  test,
  noProc,
  'a flood of 300 MB and a line of 10 MB take no memory and do not disturb other downloads',
  () =>
    withServer(async ({ api, add, server }) => {
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

/** The peak memory of a process: VmHWM of proc(5). */
function peakBytes(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;
}

test.run();
