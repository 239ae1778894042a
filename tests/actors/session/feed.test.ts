import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { newRow } from '#lib/actors/download/row.ts';
import { viewOf } from '#lib/actors/download/view.ts';
import { Feed } from '#lib/actors/session/feed.ts';
import type { Update } from '#lib/protocol/channel.ts';
import type { DownloadView } from '#lib/protocol/download.ts';

const AT = Date.UTC(2026, 10, 23);

function view(id: string, change: Partial<DownloadView> = {}): DownloadView {
  const body = { url: 'https://example.org/f', streamId: null, engine: null, filename: null, title: null };
  return { ...viewOf(newRow(id.padEnd(12, '-'), 1, body, AT, 'test')), ...change };
}

function feed(): Feed {
  let epochs = 0;
  return new Feed(() => `epoch-${++epochs}`);
}

const read = (frame: string | null): Update => JSON.parse(frame!) as Update;

test('a new row is sent whole, then only what changed', () => {
  const news = feed();
  news.update(view('a'));
  assert.equal(read(news.flush(AT)).changes, [view('a')]);
  news.update(view('a', { state: 'download', receivedBytes: 10, totalBytes: 100, percent: 10 }));
  assert.equal(read(news.flush(AT)).changes, [
    { id: view('a').id, state: 'download', receivedBytes: 10, totalBytes: 100 },
  ]);
});

test('percent and time left are sent only where no total is known', () => {
  const news = feed();
  news.update(view('a'));
  news.flush(AT);
  news.update(view('a', { percent: 40, etaSeconds: 9 }));
  assert.equal(read(news.flush(AT)).changes, [{ id: view('a').id, percent: 40, etaSeconds: 9 }]);
});

test('an unchanged row makes no frame, and the seq stays', () => {
  const news = feed();
  news.update(view('a'));
  news.flush(AT);
  news.update(view('a'));
  assert.is(news.flush(AT), null);
  assert.is(news.seq, 1);
});

test('totals are sent only when a count changed', () => {
  const news = feed();
  const totals = { active: 1, queued: 0, done: 0, failed: 0, bytesPerSecond: 5 };
  news.totals(totals);
  assert.equal(read(news.flush(AT)).totals, totals);
  news.totals({ ...totals, bytesPerSecond: 6 });
  assert.is(news.flush(AT), null);
});

test('a row that is added and removed between two frames is sent as deleted', () => {
  const news = feed();
  news.update(view('a'));
  news.remove(view('a').id);
  assert.equal(read(news.flush(AT)).changes, [{ id: view('a').id, deleted: true }]);
});

test('frames are kept for two minutes; a reader that missed more gets a snapshot', () => {
  const news = feed();
  news.update(view('a'));
  news.flush(AT);
  news.update(view('b'));
  news.flush(AT + 60_000);
  news.update(view('c'));
  news.flush(AT + 130_000);
  assert.is(news.since(news.epoch, 0), null);
  assert.is(news.since(news.epoch, 1)?.length, 2);
});

test('an unknown epoch or a future seq has no missed frames', () => {
  const news = feed();
  news.update(view('a'));
  news.flush(AT);
  assert.is(news.since('other', 1), null);
  assert.is(news.since(news.epoch, 7), null);
  assert.equal(news.since(news.epoch, 1), []);
});

test('with too many changes without a reader a new epoch begins', () => {
  const news = feed();
  const before = news.epoch;
  for (let n = 0; n < 600; n++) news.update(view(`r${n}`));
  assert.is.not(news.epoch, before);
  assert.is(news.since(before, 0), null);
});

test('a reader that applies the missed frames has the same rows as one that stayed connected', () => {
  const step = fc.record({
    id: fc.constantFrom('a', 'b', 'c'),
    what: fc.constantFrom('move', 'state', 'remove', 'flush', 'forget', 'leave', 'return'),
    bytes: fc.nat(1000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const news = feed();
      const rows = new Map<string, DownloadView>();
      const stayed = new Map<string, object>();
      const away = new Map<string, object>();
      let awaySeq: number | null = null;
      const applyTo = (known: Map<string, object>, frame: string): void => {
        for (const change of read(frame).changes) {
          if ('deleted' in change) known.delete(change.id);
          else known.set(change.id, { ...known.get(change.id), ...change });
        }
      };
      const flush = (): void => {
        const frame = news.flush(AT);
        if (frame === null) return;
        applyTo(stayed, frame);
        if (awaySeq === null) applyTo(away, frame);
      };
      const comeBack = (): void => {
        flush();
        if (awaySeq === null) return;
        for (const frame of news.since(news.epoch, awaySeq) ?? []) {
          applyTo(away, frame);
        }
        awaySeq = null;
      };
      for (const { id, what, bytes } of steps) {
        const row = rows.get(id) ?? view(id);
        if (what === 'flush') flush();
        else if (what === 'leave') awaySeq ??= (flush(), news.seq);
        else if (what === 'return') comeBack();
        else if (what === 'forget') news.forget(row.id);
        else if (what === 'remove') {
          rows.delete(id);
          news.remove(row.id);
        } else {
          const next = {
            ...row,
            receivedBytes: bytes,
            ...(what === 'state' ? { state: 'download' as const } : {}),
          };
          rows.set(id, next);
          news.update(next);
        }
      }
      comeBack();
      assert.equal(away, stayed);
      assert.equal([...stayed.keys()].sort(), [...rows.values()].map((row) => row.id).sort());
      for (const row of rows.values())
        assert.is((stayed.get(row.id) as DownloadView).receivedBytes, row.receivedBytes);
    }),
    { numRuns: 300 },
  );
});

test.run();
