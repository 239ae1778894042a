import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openStore } from '../../../src/lib/actors/durable/storage.server.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { freshDir } from './host.ts';

const WRITER = fileURLToPath(new URL('writer.ts', import.meta.url));

interface Line {
  ready?: true;
  error?: string;
  id?: string;
  number?: number;
}

function startWriter(
  file: string,
  first: number,
): { child: ChildProcess; lines: Line[]; exited: Promise<number | null> } {
  const child = spawn(process.execPath, [WRITER, file, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: Line[] = [];
  const reader = createInterface({ input: child.stdout });
  // A line cut off by the kill does not count as acknowledged.
  reader.on('line', (line) => {
    if (line.endsWith('}')) lines.push(JSON.parse(line) as Line);
  });
  const exited = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  return { child, lines, exited };
}

test('after SIGKILL at any time every acknowledged write is complete, and the file is intact', async () => {
  const dir = await freshDir();
  const file = path.join(dir, 'state.db');
  const acknowledged = new Set<string>();
  let next = 0;
  for (let kill = 0; kill < 8; kill += 1) {
    const { child, lines, exited } = startWriter(file, next);
    const enough = 1 + Math.floor(Math.random() * 400);
    await waitFor(() => lines.length > enough, { what: 'the writer to write' });
    child.kill('SIGKILL');
    await settles(exited);
    for (const { id, number } of lines) {
      if (id === undefined || number === undefined) continue;
      acknowledged.add(`${id} ${number}`);
      next = Math.max(next, number + 1);
    }
    // Four may have been written without acknowledgement: do not use their numbers again.
    next += 4;

    const database = new DatabaseSync(file);
    assert.is(Object.values(database.prepare('PRAGMA integrity_check').get() ?? {})[0], 'ok');
    const rows = database
      .prepare(`SELECT id, key, value FROM entries JOIN actors ON row = actor WHERE key LIKE 'entry/%'`)
      .all() as { id: string; key: string; value: string }[];
    const stored = new Set(rows.map(({ id, key }) => `${id} ${Number(key.slice(6))}`));
    assert.equal(
      [...acknowledged].filter((entry) => !stored.has(entry)),
      [],
    );
    for (const { value } of rows) {
      const { number, filler } = JSON.parse(value) as { number: number; filler: string };
      assert.is(filler.length, number % 3000);
    }
    const totals = database
      .prepare(`SELECT id, value FROM entries JOIN actors ON row = actor WHERE key = 'total'`)
      .all() as { id: string; value: string }[];
    for (const { id, value } of totals) {
      assert.is(Number(value), rows.filter((row) => row.id === id).length, 'no half turn');
    }
    database.close();
  }
  assert.ok(acknowledged.size > 0);
  await fs.rm(dir, { recursive: true });
});

test('a second process is refused while the first one runs, and can open the store once that is killed', async () => {
  const dir = await freshDir();
  const file = path.join(dir, 'state.db');
  const first = startWriter(file, 0);
  await waitFor(() => first.lines.length > 10);
  const second = startWriter(file, 1_000_000);
  assert.is(await settles(second.exited), 1);
  assert.equal(second.lines, [{ error: 'data_dir_busy' }]);
  const written = first.lines.length;
  await waitFor(() => first.lines.length > written, { what: 'the first to go on' });
  first.child.kill('SIGKILL');
  await settles(first.exited);
  openStore(file).close();
  await fs.rm(dir, { recursive: true });
});

test('of two processes that create a store at the same time, one gets it', async () => {
  const dir = await freshDir();
  const file = path.join(dir, 'state.db');
  const both = [startWriter(file, 0), startWriter(file, 1_000_000)];
  await waitFor(() => both.every(({ lines }) => lines.length > 0));
  await waitFor(() => both.some(({ lines }) => lines.length > 5));
  assert.equal(both.map(({ lines }) => lines[0]?.error ?? 'ready').sort(), ['data_dir_busy', 'ready']);
  for (const { child } of both) child.kill('SIGKILL');
  await settles(Promise.all(both.map(({ exited }) => exited)));
  await fs.rm(dir, { recursive: true });
});

test.run();
