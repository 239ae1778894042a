/** A data dir with a long history, written by the product's own store, and the cost of listing it. */
import { join } from 'node:path';
import { createEmbeddedHost, define } from '../../src/lib/actors/durable/host.server.ts';
import type { DurableContext } from '../../src/lib/actors/durable/types.ts';
import { type DownloadRow, newRow } from '../../src/lib/actors/download/row.ts';
import { SessionStore } from '../../src/lib/actors/session/store.ts';
import { makePlace, type Place, startServer } from '../../tests/support/server.ts';
import { cpuMs } from '../load/cpu.ts';
import { HttpConnection } from '../load/http-connection.ts';
import { snapshotBytes } from './reader.ts';

/** Rows per commit. */
const BATCH = 1000;
const PAGE_ROWS = 200;
/** Requested pages, evenly over the history; repeated for a short one. */
const PAGES = 200;

/** An object that writes rows as a session does. */
class HistoryWriter {
  readonly #store: SessionStore;

  constructor({ storage }: DurableContext) {
    this.#store = new SessionStore(storage.kv);
  }

  write(first: number, count: number): void {
    if (first === 0) this.#store.load(Date.now());
    for (let number = first; number < first + count; number++) {
      this.#store.save(completeRow(number, this.#store.takeOrderNumber()), null);
    }
  }
}

function completeRow(number: number, n: number): DownloadRow {
  const at = Date.now();
  const body = {
    url: `http://media.example.org/videos/${number}/film-${number}.mp4`,
    streamId: null,
    engine: 'http',
    filename: null,
    title: null,
  } as const;
  const row = newRow(`h${String(number).padStart(11, '0')}`, n, body, at, 'http');
  return {
    ...row,
    engine: 'http',
    state: 'complete',
    receivedBytes: 10_000,
    totalBytes: 10_000,
    percent: 100,
    finishedAt: at,
    file: { name: `film-${number}.mp4`, bytes: 10_000 },
    history: [...row.history, [at, 'download', 'runner:phase'], [at, 'complete', 'runner:done']],
  };
}

async function fill(place: Place, session: string, rows: number): Promise<void> {
  const host = createEmbeddedHost({
    storage: join(place.dataDir, 'sluice.db'),
    classes: { session: define(HistoryWriter, null) },
    onError: (error) => {
      throw error;
    },
  });
  const historian = host.get<HistoryWriter>('session', session);
  for (let first = 0; first < rows; first += BATCH) {
    await historian.call('write', first, Math.min(BATCH, rows - first));
  }
  await host.close();
}

export interface HistoryFigures {
  rows: number;
  /** The size of a new client's snapshot. */
  snapshotBytes: number;
  pageRows: number;
  pageMsP50: number;
  pageMsP99: number;
  /** CPU of the server per page. */
  pageCpuMs: number;
}

export async function measureHistory(rows: number): Promise<HistoryFigures> {
  const place = makePlace();
  try {
    // The server creates its key at its first start; a token signed with it names the session to fill.
    const first = await startServer({ place });
    const { token } = await first.session();
    await first.stop();
    await fill(place, token.split('.')[0] ?? '', rows);
    const server = await startServer({ place });
    const bytes = await snapshotBytes(server.url, token);
    const connection = await HttpConnection.open(server.url);
    const latenciesMs: number[] = [];
    const ask = async (page: number): Promise<void> => {
      // A cursor is the order number of the previous row, in base 36 (src/lib/actors/session/cursor.ts).
      const before = rows + 1 - Math.floor((page / PAGES) * Math.max(0, rows - PAGE_ROWS));
      const path = `/api/downloads?limit=${PAGE_ROWS}&cursor=${before.toString(36)}`;
      const at = performance.now();
      const { status, body } = await connection.ask('GET', path, token);
      latenciesMs.push(performance.now() - at);
      const { downloads } = JSON.parse(body) as { downloads: unknown[] };
      if (status !== 200 || downloads.length !== PAGE_ROWS) throw new Error(`${path}: ${status}`);
    };
    for (let page = 0; page < PAGES; page++) await ask(page);
    latenciesMs.length = 0;
    const before = cpuMs(server.pid);
    for (let page = 0; page < PAGES; page++) await ask(page);
    const usedMs = cpuMs(server.pid) - before;
    connection.close();
    await server.stop();
    const sorted = latenciesMs.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
    return {
      rows,
      snapshotBytes: bytes,
      pageRows: PAGE_ROWS,
      pageMsP50: at(0.5),
      pageMsP99: at(0.99),
      pageCpuMs: usedMs / PAGES,
    };
  } finally {
    place.remove();
  }
}
