/**
 * Servers that allow so many connections at a time (RFC 6585 section 4, nginx's `limit_conn`, file hosts): browsers queue what
 * is too much for a host, and so does the runner, without a failed attempt.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HttpEngine } from '#lib/annie/http/engine.server.ts';
import { Registry } from '#lib/annie/registry.ts';
import { createGuard } from '#lib/guard/guard.server.ts';
import { parseAllowPrivate } from '#lib/guard/policy.ts';
import type { RunnerEvent } from '#lib/protocol/runner.ts';
import { Reachability } from '#lib/runner/reachability.ts';
import { Runner } from '#lib/runner/runner.ts';
import { startOf } from '../runner/fixture.ts';
import { readers } from '../support/readers.ts';
import { waitFor } from '../support/wait.ts';
import { type LimitedHost, type LimitedHostOptions, startLimitedHost } from './limited-host.ts';

const MiB = 1024 * 1024;

interface World {
  host: LimitedHost;
  runner: Runner;
  dir: string;
  /** Of all sessions, with the session. */
  events: { session: string; event: RunnerEvent }[];
  fetch: (session: string, ids: readonly string[]) => void;
  ended: (count: number) => Promise<unknown>;
}

async function inWorld(options: LimitedHostOptions, body: (world: World) => Promise<void>): Promise<void> {
  const host = await startLimitedHost(options);
  const dir = await mkdtemp(join(tmpdir(), 'sluice-limit-'));
  const reachability = new Reachability();
  const guard = createGuard({ allowPrivate: parseAllowPrivate('127.0.0.1'), gate: reachability.dials });
  const engine = new HttpEngine({ guard, readers, stallMs: 10_000 });
  const registry = new Registry({
    engines: [engine],
    allowed: ['http'],
    classify: (url, signal, onBytes) => engine.classify(url, signal, onBytes),
  });
  const events: World['events'] = [];
  const runner = new Runner({
    registry,
    downloadDir: dir,
    reachability,
    onEvents: (session, sent) => events.push(...sent.map((event) => ({ session, event }))),
  });
  const ended = ({ event }: World['events'][number]): boolean =>
    event.type === 'done' || event.type === 'failed';
  try {
    await body({
      ...{ host, runner, dir, events },
      fetch: (session, ids) => {
        for (const id of ids) runner.send(session, startOf(id, 1, { url: `${host.url}/${id}.zip` }));
      },
      ended: (count) => waitFor(() => events.filter(ended).length >= count, { what: `${count} ends` }),
    });
  } finally {
    await runner.close();
    await engine.close();
    await host.close();
    await rm(dir, { recursive: true, force: true });
  }
}

const failures = ({ events }: World): string[] =>
  events.flatMap(({ event }) => (event.type === 'failed' ? [event.error.code] : []));

for (const [what, refuse] of [
  ['503', 'HTTP/1.1 503 Service Unavailable'],
  ['503 with Retry-After', 'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 120'],
  ['429', 'HTTP/1.1 429 Too Many Requests\r\nRetry-After: 60'],
  ['a reset', 'reset'],
  ['a reset of the request', 'reset when asked'],
  ['a connection that is accepted and closed', 'close'],
] as const) {
  for (const limit of [1, 2]) {
    test(`four files of a server that refuses by ${what} more than ${limit} connections all arrive, none by a retry`, async () => {
      const small = { limit, refuse, bytes: MiB, bytesPerMs: 4096 };
      await inWorld(small, async (world) => {
        const ids = ['a', 'b', 'c', 'd'];
        world.fetch('s1', ids);
        await world.ended(4);
        assert.equal(failures(world), []);
        assert.is(world.host.most, limit);
        for (const id of ids) assert.is((await readFile(join(world.dir, `${id}.zip`))).length, MiB);
      });
    });
  }
}

test.run();
