/** What visitors hold on a disk, counted from a real store and a real folder. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '#lib/actors/durable/clock.ts';
import { createEmbeddedHost, define } from '#lib/actors/durable/host.server.ts';
import { SessionActor } from '#lib/actors/session/session-actor.ts';
import type { RunnerEvent } from '#lib/protocol/runner.ts';
import { LOCAL } from '#lib/quota/quota.ts';
import { DiskHoldings } from '../../src/server/disk-holdings.ts';
import { StoredSessions } from '../../src/server/stored-sessions.ts';

const SESSION = 'session';
const GB = 1e9;

async function inWorld(body: (world: Awaited<ReturnType<typeof makeWorld>>) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-holdings-'));
  const world = await makeWorld(dir);
  try {
    await body(world);
  } finally {
    await world.close();
    await rm(dir, { recursive: true });
  }
}

async function makeWorld(dir: string) {
  const downloadDir = join(dir, 'downloads');
  await mkdir(downloadDir);
  const owners = new Map<string, string>();
  let ids = 0;
  const host = createEmbeddedHost({
    storage: join(dir, 'sluice.db'),
    classes: {
      [SESSION]: define(SessionActor, {
        runner: { send: () => undefined },
        clock: systemClock,
        newId: () => `id${String(++ids).padStart(9, '0')}`,
        random: () => 0,
        checkUrl: (url) => url,
        checkRoom: () => undefined,
        ownerOf: (session) => owners.get(session) ?? null,
        throttleMs: 1,
        maxActive: 1_000,
      }),
    },
    onError: (error) => assert.unreachable(String(error)),
  });
  let now = 0;
  let looks = 0;
  const sessions = new StoredSessions(host, SESSION);
  const holdings = new DiskHoldings({
    ...{ host, sessionClass: SESSION, downloadDir, now: () => now },
    sessions: {
      ids: () => {
        looks++;
        return sessions.ids();
      },
    },
  });
  const list = async (
    session: string,
    owner: string | null,
  ): Promise<(...events: RunnerEvent[]) => Promise<void>> => {
    if (owner !== null) owners.set(session, owner);
    const stub = host.get<SessionActor>(SESSION, session);
    return async (...events) => void (await stub.call('runnerEvents', events));
  };
  return {
    downloadDir,
    list,
    pass: (ms: number) => void (now += ms),
    looks: () => looks,
    add: async (session: string): Promise<string> => {
      const asked = { name: 'add', url: 'https://h.test/f', commandId: null } as never;
      const { body } = await host.get<SessionActor>(SESSION, session).call('ask', asked);
      return (JSON.parse(body ?? '') as { id: string }).id;
    },
    waits: (owner: string | undefined, freeBytes: number) =>
      holdings.isForOthers(owner, { freeBytes, totalBytes: 1e13 }),
    bytesOf: (owner: string, lists?: string[]) => holdings.bytesOf(owner, lists),
    close: () => host.close(),
  };
}

const ref = (download: string): { download: string; attempt: number } => ({ download, attempt: 1 });
const done = (download: string, name: string, bytes: number): RunnerEvent => ({
  ...{ type: 'done', file: { name, bytes }, output: '', ...ref(download) },
});
const received = (download: string, receivedBytes: number): RunnerEvent[] => [
  { type: 'phase', phase: 'download', engine: 'http', title: null, totalBytes: null, ...ref(download) },
  {
    ...{ type: 'sample', ...ref(download) },
    sample: { receivedBytes, totalBytes: null, percent: null, bytesPerSecond: null, etaSeconds: null },
  },
  {
    ...{ type: 'failed', output: '', ...ref(download) },
    error: { code: 'remote_status', message: '', transient: false, retryAfterMs: null },
  },
];

test('unfinished bytes and files that are there count, over all lists of an owner', () =>
  inWorld(async ({ list, add, waits, downloadDir, pass }) => {
    const first = await list('one', 'a');
    const second = await list('two', 'a');
    const other = await list('three', 'b');
    await second(...received(await add('two'), 30));
    await other(...received(await add('three'), 40));
    const id = await add('one');
    await writeFile(join(downloadDir, 'f.bin'), Buffer.alloc(20));
    await first(done(id, 'f.bin', 20));
    // 90 held, for three; 9.9 of 99 are a tenth.
    assert.equal([await waits('a', 9), await waits('b', 9), await waits('c', 9)], [true, true, false]);
    await rm(join(downloadDir, 'f.bin'));
    pass(60_000);
    assert.equal([await waits('a', 7), await waits('b', 7)], [true, true]);
    assert.equal([await waits('a', 8), await waits('b', 8)], [false, false], '70 are left');
  }));

test('lists of this machine do not count, those of nobody known count together, and neither does what was cancelled', () =>
  inWorld(async ({ list, add, waits }) => {
    for (const [session, owner] of [['own', LOCAL] as const, ['old', null] as const, ['a', 'a'] as const]) {
      const news = await list(session, owner);
      await news(...received(await add(session), session === 'a' ? 10 : 1_000));
    }
    assert.equal(
      [await waits(LOCAL, 1), await waits(undefined, 1), await waits('a', 1)],
      [false, true, false],
    );
  }));

test('nothing is counted while there is plenty, and else seldom', () =>
  inWorld(async ({ list, add, waits, looks, pass }) => {
    const news = await list('one', 'a');
    await news(...received(await add('one'), 100));
    assert.not(await waits('a', 10 * GB));
    assert.not(await waits(LOCAL, 0));
    assert.is(looks(), 0);
    const answers = await Promise.all([waits('a', 1), waits('a', 1), waits('b', 1)]);
    assert.equal([answers, looks()], [[true, true, false], 1]);
    pass(14_999);
    await waits('a', 1);
    assert.is(looks(), 1);
    pass(1);
    await waits('a', 1);
    assert.is(looks(), 2);
    await waits('a', 1.05);
    assert.is(looks(), 2);
    await waits('a', 1.2);
    assert.is(looks(), 3, 'much has become free');
    await waits('a', 1);
    assert.is(looks(), 4, 'or was taken');
  }));

test('of one owner all lists count, or those that are known; for a while what was counted last', () =>
  inWorld(async ({ list, add, bytesOf, pass, looks }) => {
    for (const [session, owner, bytes] of [
      ['one', 'a', 10] as const,
      ['two', 'a', 5] as const,
      ['x', 'b', 70] as const,
    ]) {
      const news = await list(session, owner);
      await news(...received(await add(session), bytes));
    }
    assert.equal([await bytesOf('a'), await bytesOf('b'), await bytesOf('nobody')], [15, 70, 0]);
    const news = await list('three', 'a');
    await news(...received(await add('three'), 100));
    const before = looks();
    assert.equal([await bytesOf('a'), looks()], [15, before]);
    pass(60_000);
    assert.is(await bytesOf('a'), 115);
    pass(60_000);
    assert.is(await bytesOf('a', ['three']), 100);
  }));

test.run();
