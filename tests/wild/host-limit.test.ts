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

// In other ways than are meant for it, and for one file at a time alone: that 403 may be for good is found out by a try.
for (const [what, refuse] of [
  ['403', 'HTTP/1.1 403 Forbidden'],
  ['500', 'HTTP/1.1 500 Internal Server Error'],
  ['a redirect to a page', 'HTTP/1.1 302 Found\r\nLocation: /too-many.html'],
] as const) {
  test(`files of a server that refuses a second connection by ${what} arrive one after the other`, async () => {
    await inWorld({ limit: 1, refuse, bytes: MiB / 2, bytesPerMs: 512 }, async (world) => {
      world.fetch('s1', ['a', 'b']);
      await world.ended(2);
      assert.equal(failures(world), []);
      assert.is(world.host.most, 1);
    });
  });
}

const BUSY = 'HTTP/1.1 503 Service Unavailable';
const FORBIDDEN = 'HTTP/1.1 403 Forbidden';

test('what waits says for how many connections, and begins by itself in the same attempt', async () => {
  await inWorld({ limit: 2, refuse: BUSY, bytes: MiB, bytesPerMs: 2048 }, async (world) => {
    world.fetch('s1', ['a', 'b', 'c', 'd']);
    await world.ended(4);
    const said = world.events.flatMap(({ event }) => (event.type === 'limited' ? [event] : []));
    assert.ok(said.length >= 2);
    for (const { connections, attempt } of said) assert.equal([connections, attempt], [2, 1]);
  });
});

test('connections are shared between sessions, and none has all of them', async () => {
  await inWorld({ limit: 2, refuse: BUSY, bytes: MiB, bytesPerMs: 2048 }, async (world) => {
    world.fetch('s1', ['a', 'b', 'c', 'd', 'e']);
    await waitFor(() => world.events.some(({ event }) => event.type === 'limited'));
    world.fetch('s2', ['v']);
    await world.ended(6);
    assert.equal(failures(world), []);
    const order = world.events.flatMap(({ session, event }) => (event.type === 'done' ? [session] : []));
    assert.ok(order.indexOf('s2') <= 3, order.join(' '));
  });
});

test('a file on more connections gives them up for downloads that wait, and is whole', async () => {
  const large = { limit: 3, refuse: BUSY, bytes: 24 * MiB, bytesPerMs: 4096 } as const;
  await inWorld(large, async (world) => {
    const { host } = world;
    world.fetch('s1', ['a']);
    await waitFor(() => host.tails > 0 && host.most === 3, { what: 'further connections' });
    world.fetch('s2', ['b']);
    await waitFor(() =>
      world.events.some(({ session, event }) => session === 's2' && event.type === 'sample'),
    );
    assert.not(world.events.some(({ event }) => event.type === 'done'));
    await world.ended(2);
    assert.equal(failures(world), []);
    const expected = Buffer.alloc(24 * MiB, 'limited ');
    for (const id of ['a', 'b']) assert.ok((await readFile(join(world.dir, `${id}.zip`))).equals(expected));
  });
});

test('a file that the server always refuses is an error of its own while others are served', async () => {
  const options = { limit: 9, refuse: BUSY, bytes: MiB, bytesPerMs: 1024, broken: '/x.zip' } as const;
  await inWorld(options, async (world) => {
    world.fetch('s1', ['a', 'b']);
    await waitFor(() => world.events.filter(({ event }) => event.type === 'sample').length >= 2);
    world.fetch('s1', ['x', 'c', 'd']);
    await world.ended(5);
    assert.equal(failures(world), ['remote_busy']);
  });
});

test('a server that still counts a download which has just ended is asked again by the next, once', async () => {
  const lingering = { limit: 1, refuse: FORBIDDEN, bytes: MiB, bytesPerMs: 2048, lingerMs: 300 } as const;
  await inWorld(lingering, async (world) => {
    world.fetch('s1', ['a', 'b']);
    await world.ended(2);
    assert.equal(failures(world), []);
    assert.ok(world.host.refusals >= 2, String(world.host.refusals));
  });
});

test('a server that refuses everybody is busy', async () => {
  await inWorld({ limit: 0, refuse: `${BUSY}\r\nRetry-After: 7`, bytes: 1, bytesPerMs: 1 }, async (world) => {
    world.fetch('s1', ['a', 'b', 'c']);
    await world.ended(3);
    assert.equal(failures(world), ['remote_busy', 'remote_busy', 'remote_busy']);
    const [first] = world.events.flatMap(({ event }) => (event.type === 'failed' ? [event.error] : []));
    assert.is(first?.retryAfterMs, 7000);
  });
});

test.run();
