import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Change, Snapshot, Update } from '#lib/protocol/channel.ts';
import {
  DOWNLOAD_STATES,
  type DownloadState,
  type DownloadView,
  type Totals,
} from '#lib/protocol/download.ts';
import { type Filter, FILTERS } from '#lib/ui/state/filter.ts';
import type { RowSource } from '#lib/ui/state/source.ts';
import { waitFor } from '../support/wait.ts';
import './svelte-modules.ts';

const { DownloadList } = await import('#lib/ui/state/download-list.svelte.ts');
const { watch } = await import('./effects.svelte.ts');
const { flushSync } = await import('svelte');

function view(id: string, at: number, more: Partial<DownloadView> = {}): DownloadView {
  return {
    id,
    url: `http://a.test/${id}`,
    title: id,
    engine: 'http',
    state: 'download',
    receivedBytes: 0,
    totalBytes: null,
    percent: null,
    bytesPerSecond: null,
    etaSeconds: null,
    attempt: 1,
    createdAt: new Date(at).toISOString(),
    finishedAt: null,
    file: null,
    error: null,
    ...more,
  };
}

/** A minimal server. */
class Model {
  rows = new Map<string, DownloadView>();
  seq = 0;
  #clock = 0;

  get newestFirst(): DownloadView[] {
    return [...this.rows.values()].reverse();
  }

  get totals(): Totals {
    const count = (states: readonly DownloadState[]) =>
      [...this.rows.values()].filter(({ state }) => states.includes(state)).length;
    const { active, waiting, done, failed } = FILTERS;
    return {
      active: count(active),
      queued: count(waiting),
      done: count(done),
      failed: count(failed),
      bytesPerSecond: 0,
    };
  }

  add(): Change {
    const row = view(`row-${String(this.#clock).padStart(8, '0')}`, this.#clock++);
    this.rows.set(row.id, row);
    return row;
  }

  alter(pick: number, change: Partial<DownloadView>): Change | null {
    const ids = [...this.rows.keys()];
    const id = ids[pick % Math.max(1, ids.length)];
    if (id === undefined) return null;
    this.rows.set(id, { ...this.rows.get(id)!, ...change });
    return { id, ...change };
  }

  remove(pick: number): Change | null {
    const ids = [...this.rows.keys()];
    const id = ids[pick % Math.max(1, ids.length)];
    if (id === undefined) return null;
    this.rows.delete(id);
    return { id, deleted: true };
  }

  snapshot(limit: number): Snapshot {
    const all = this.newestFirst;
    const downloads = all.slice(0, limit);
    const next = all.length > limit ? (downloads.at(-1)?.id ?? '~') : null;
    return { type: 'snapshot', epoch: 'e', seq: this.seq, downloads, next, totals: this.totals };
  }

  update(changes: Change[]): Update {
    return { type: 'update', seq: ++this.seq, changes, totals: this.totals };
  }

  page(states: readonly DownloadState[], cursor: string | null, limit: number) {
    const all = this.newestFirst.filter(
      ({ id, state }) => (cursor === null || id < cursor) && (states.length === 0 || states.includes(state)),
    );
    return { downloads: all.slice(0, limit), next: all.length > limit ? all[limit - 1]!.id : null };
  }
}

const change = fc.record(
  {
    state: fc.constantFrom(...DOWNLOAD_STATES),
    receivedBytes: fc.nat(),
    totalBytes: fc.option(fc.nat()),
    bytesPerSecond: fc.option(fc.nat()),
    title: fc.string(),
  },
  { requiredKeys: [] },
);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ do: 'add' } as const) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('alter' as const), pick: fc.nat(), change }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), pick: fc.nat() }) },
  // Sends the pending changes as one update.
  { weight: 3, arbitrary: fc.constant({ do: 'frame' } as const) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('snapshot' as const), limit: fc.nat({ max: 8 }) }) },
  { weight: 3, arbitrary: fc.constant({ do: 'deliver' } as const) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('page' as const),
      filter: fc.constantFrom('all' as const, 'done' as const, 'active' as const),
    }),
  },
);

test('any split of a history into snapshots, updates and pages ends in the rows of the server', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), async (steps) => {
      const model = new Model();
      // Responses are computed on request and delivered by a later step.
      const undelivered: (() => void)[] = [];
      const onDelivery = <T>(answer: T) =>
        new Promise<T>((resolve) => undelivered.push(() => resolve(answer)));
      const deliver = async () => {
        undelivered.shift()?.();
        await new Promise((resolve) => setImmediate(resolve));
      };
      const source: RowSource = {
        page: (states, cursor) => onDelivery(model.page(states, cursor, 3)),
        row: (id) => onDelivery(model.rows.get(id) ?? null),
      };
      const downloads = new DownloadList(source);
      downloads.apply(model.snapshot(3));
      let pending: Change[] = [];
      const frame = () => {
        if (pending.length > 0) downloads.apply(model.update(pending));
        pending = [];
      };
      for (const { do: what, ...rest } of steps) {
        if (what === 'add') pending.push(model.add());
        else if (what === 'frame') frame();
        else if (what === 'snapshot') {
          // What the snapshot holds is not sent again.
          pending = [];
          downloads.apply(model.snapshot((rest as { limit: number }).limit));
        } else if (what === 'page') void downloads.more((rest as { filter: Filter }).filter);
        else if (what === 'deliver') await deliver();
        else {
          const { pick, change: fields } = rest as { pick: number; change?: Partial<DownloadView> };
          const made = what === 'alter' ? model.alter(pick, fields ?? {}) : model.remove(pick);
          if (made) pending.push(made);
        }
      }
      frame();
      while (undelivered.length > 0 || downloads.hasMore('all')) {
        void downloads.more('all');
        await deliver();
      }
      assert.equal(
        downloads.rows.map((row) => row.view),
        model.newestFirst,
      );
      assert.equal(downloads.totals, model.totals);
    }),
    { numRuns: 400 },
  );
});

test('an update of one row reruns only the effects that read a changed value', () => {
  const downloads = new DownloadList({
    page: async () => ({ downloads: [], next: null }),
    row: async () => null,
  });
  const model = new Model();
  model.add();
  model.add();
  downloads.apply(model.snapshot(10));
  const [first, second] = downloads.rows;
  const seen = { list: 0, state: 0, bytes: 0, other: 0 };
  const stop = watch(
    () => {
      void downloads.rows.length;
      seen.list++;
    },
    () => {
      void first!.state;
      seen.state++;
    },
    () => {
      void first!.receivedBytes;
      seen.bytes++;
    },
    () => {
      void second!.receivedBytes;
      seen.other++;
    },
  );
  flushSync();
  assert.equal(seen, { list: 1, state: 1, bytes: 1, other: 1 });
  downloads.apply(model.update([{ id: first!.id, receivedBytes: 5 }]));
  flushSync();
  assert.equal(seen, { list: 1, state: 1, bytes: 2, other: 1 });
  stop();
});

test('percent and time left follow from the bytes, also when only the bytes are sent', () => {
  const downloads = new DownloadList({
    page: async () => ({ downloads: [], next: null }),
    row: async () => null,
  });
  const row = view('row-00000001', 1, { totalBytes: 1000, bytesPerSecond: 100 });
  const totals = new Model().totals;
  downloads.apply({ type: 'snapshot', epoch: 'e', seq: 0, downloads: [row], next: null, totals });
  downloads.apply({ type: 'update', seq: 1, changes: [{ id: row.id, receivedBytes: 250 }] });
  assert.is(downloads.rows[0]!.percent, 25);
  assert.is(downloads.rows[0]!.etaSeconds, 8);
  assert.is(downloads.bytesPerSecond, 100);
  downloads.apply({ type: 'update', seq: 2, changes: [{ id: row.id, state: 'paused' }] });
  assert.is(downloads.rows[0]!.etaSeconds, null);
  assert.is(downloads.bytesPerSecond, 0);
});

test('a change of state is reported once, with the previous state, and never for a snapshot', () => {
  const moves: string[] = [];
  const downloads = new DownloadList(
    { page: async () => ({ downloads: [], next: null }), row: async () => null },
    (row, from) => moves.push(`${row.id} ${from} ${row.state}`),
  );
  const model = new Model();
  model.add();
  downloads.apply(model.snapshot(10));
  downloads.apply(model.update([model.alter(0, { state: 'complete' })!]));
  downloads.apply(model.update([model.alter(0, { finishedAt: '2026-01-01T00:00:00Z' })!]));
  model.alter(0, { state: 'error' });
  downloads.apply(model.snapshot(10));
  assert.equal(moves, ['row-00000000 download complete']);
});

test('a change of a row that is not loaded loads it', async () => {
  const model = new Model();
  for (let n = 0; n < 20; n++) model.add();
  const downloads = new DownloadList({
    page: () => Promise.reject(new Error('no page is needed')),
    row: async (id) => model.rows.get(id) ?? null,
  });
  downloads.apply(model.snapshot(5));
  const old = [...model.rows.keys()][2]!;
  downloads.apply(model.update([model.alter(2, { state: 'paused' })!]));
  await waitFor(() => downloads.get(old), { what: 'the old row' });
  assert.is(downloads.rows.length, 6);
  assert.is(downloads.rows.at(-1)!.state, 'paused');
});

test('a page that fails to load can be retried', async () => {
  const model = new Model();
  for (let n = 0; n < 5; n++) model.add();
  let broken = true;
  const downloads = new DownloadList({
    page: async (states, cursor) => {
      if (broken) throw new Error('503');
      return model.page(states, cursor, 100);
    },
    row: async () => null,
  });
  downloads.apply(model.snapshot(2));
  await downloads.more('all');
  assert.is(downloads.paging, 'failed');
  broken = false;
  await downloads.more('all');
  assert.is(downloads.paging, 'idle');
  assert.is(downloads.rows.length, 5);
  assert.is(downloads.hasMore('all'), false);
});

test.run();
