/** For whom code runs, in the real runner: what the watchdog finds out when it asks. */
import { readFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CurrentJob, parseJob } from '#lib/watchdog/termination-history.ts';
import {
  CURRENT_JOB_EXPRESSION,
  exposeCurrentJob,
  runOutsideJobs,
  runInJob,
} from '#lib/watchdog/job-context.ts';
import type { RunnerEvent } from '#lib/protocol/runner.ts';
import { type Fixture, createFixture, startOf } from '../runner/fixture.ts';
import { waitFor } from '../support/wait.ts';

exposeCurrentJob();
/** As the watchdog has the main thread evaluate it. */
const ask = (): CurrentJob | null => parseJob((0, eval)(CURRENT_JOB_EXPRESSION));
const briefly = (job: CurrentJob | null): string =>
  job === null ? 'nobody' : `${job.session} ${job.download ?? 'look-up'} ${job.site}`;

async function onGround(
  options: Parameters<typeof createFixture>[0],
  body: (fixture: Fixture) => Promise<void>,
): Promise<void> {
  const fixture = await createFixture({
    runInJob: ({ session, download, url }, work) =>
      runInJob({ session, download, site: new URL(url).host }, work),
    ...options,
  });
  try {
    await body(fixture);
  } finally {
    await fixture.close();
  }
}

/** Awaits what an engine awaits: files, sockets, timers. */
async function roundabout(port: number): Promise<void> {
  await readFile(import.meta.filename);
  await new Promise<void>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('data', () => socket.end());
    socket.on('close', () => setTimeout(resolve, 1));
    socket.on('error', reject);
  });
}

test('each of the downloads and parses that run at once has its own context, whatever they await', async () => {
  const server = createServer((socket) => socket.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const seen: string[] = [];
  try {
    await onGround({}, async ({ http, runner }) => {
      http.download = async () => {
        await roundabout(port);
        seen.push(briefly(ask()));
        throw new Error('that was all');
      };
      http.parse = async () => {
        await roundabout(port);
        seen.push(briefly(ask()));
        return { engine: 'http', items: [] };
      };
      const url = (host: string): string => `https://${host}/path?token=secret`;
      runner.send('s1', startOf('a', 1, { url: url('a.test') }));
      runner.send('s2', startOf('b', 1, { url: url('b.test:8443') }));
      runner.send('s2', { type: 'parse', job: 'p', url: url('c.test'), engine: 'http' });
      await waitFor(() => seen.length === 3, { what: 'all three to be seen' });
    });
  } finally {
    server.close();
  }
  assert.equal(seen.sort(), ['s1 a a.test', 's2 b b.test:8443', 's2 look-up c.test']);
  assert.is(ask(), null);
});

test('a job that starts when another releases its slot has its own context', async () => {
  const seen: string[] = [];
  await onGround({ maxActive: 1 }, async ({ http, runner }) => {
    http.download = async () => {
      await Promise.resolve();
      seen.push(briefly(ask()));
      throw new Error('that was all');
    };
    for (const id of ['a', 'b', 'c']) runner.send('s1', startOf(id));
    await waitFor(() => seen.length === 3, { what: 'all three to be seen' });
  });
  assert.equal(seen, ['s1 a media.test', 's1 b media.test', 's1 c media.test']);
});

test('the work of a session with the events of a job is in the context of no job', async () => {
  const seen: string[] = [];
  const onEvents = (_session: string, events: RunnerEvent[]): void => {
    runOutsideJobs(() => {
      void (async () => {
        await Promise.resolve();
        for (const { type } of events) seen.push(`${type} ${briefly(ask())}`);
      })();
    });
  };
  await onGround({ onEvents, flushMs: 0 }, async ({ http, runner, clock }) => {
    runner.send('s1', startOf('a'));
    const call = await http.call(0);
    call.sample(10);
    clock.increment(100);
    await waitFor(() => seen.some((line) => line.startsWith('sample')), { what: 'the sample' });
    call.fail(new Error('that was all'));
    await waitFor(() => seen.some((line) => line.startsWith('failed')), { what: 'the failure' });
  });
  assert.equal(
    seen.filter((line) => !line.endsWith(' nobody')),
    [],
  );
});

test.run();
