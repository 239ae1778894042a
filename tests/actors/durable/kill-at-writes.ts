/** SIGKILL at the writes and fsyncs of a store, from its creation to its closing, by strace. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { openStore } from '../../../src/lib/actors/durable/storage.server.ts';
import { testUnless } from '../../support/skip.ts';
import { straceMissing } from '../../support/strace.ts';
import { settles } from '../../support/wait.ts';
import { freshDir } from './host.ts';

const SEQUENCE = fileURLToPath(new URL('sequence.ts', import.meta.url));
/** Entries of some 3 kB: each commit spans several pages. */
const FIRST = 2980;
export const COUNT = 8;
const CALLS = ['pwrite64', 'fsync', 'fdatasync', 'ftruncate'] as const;

interface Outcome {
  acknowledged: number[];
  /** null if it ended normally. */
  signal: NodeJS.Signals | null;
  trace: string[];
}

/** @param inject the fault for strace; null = only trace */
export async function write(dir: string, inject: string | null): Promise<Outcome> {
  const trace = path.join(dir, 'trace');
  const options = ['-f', '-qq', '-o', trace, '-e', `trace=${CALLS.join(',')},write`, '-e', 'signal=none'];
  if (inject !== null) options.push('-e', `inject=${inject}`);
  const command = [process.execPath, SEQUENCE, path.join(dir, 'state.db'), String(FIRST), String(COUNT)];
  const child = spawn('strace', [...options, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<NodeJS.Signals | null>((resolve) =>
    child.on('close', (_code, signal) => resolve(signal)),
  );
  const [output, signal] = await settles(Promise.all([text(child.stdout), exited]));
  // A line cut off by the kill does not count as acknowledged.
  const acknowledged = output.split('\n').slice(0, -1).map(Number);
  return { acknowledged, signal, trace: readFileSync(trace, 'utf8').split('\n') };
}

/** Opens the store again and checks its content. */
function check(file: string, acknowledged: number[], where: string): void {
  openStore(file).close();
  const database = new DatabaseSync(file);
  try {
    assert.is(Object.values(database.prepare('PRAGMA integrity_check').get() ?? {})[0], 'ok', where);
    const rows = database.prepare(`SELECT value FROM entries WHERE key LIKE 'entry/%' ORDER BY key`).all();
    const stored = rows.map(({ value }) => (JSON.parse(String(value)) as { number: number }).number);
    const total = database.prepare(`SELECT value FROM entries WHERE key = 'total'`).get();
    assert.is(Number(total?.value ?? 0), stored.length, `${where}: no half turn`);
    assert.equal(stored.slice(0, acknowledged.length), acknowledged, where);
    // At most the one that was being written.
    assert.ok(stored.length <= acknowledged.length + 1, where);
  } finally {
    database.close();
  }
}

export async function inFreshDir<T>(body: (dir: string) => Promise<T>): Promise<T> {
  const dir = await freshDir();
  try {
    return await body(dir);
  } finally {
    await fs.rm(dir, { recursive: true });
  }
}

/** @param every how many of the calls, from the first one on: 1 = each */
export function testKills(test: Test, every: number): void {
  const which = every === 1 ? 'any write or fsync' : `each ${every}th write or fsync`;
  testUnless(test, straceMissing(), `SIGKILL at ${which} loses no acknowledged write`, async () => {
    const kills: Record<string, number> = {};
    for (const call of CALLS) {
      for (let nth = 1; ; nth += every) {
        const ended = await inFreshDir(async (dir) => {
          const { acknowledged, signal } = await write(dir, `${call}:signal=KILL:when=${nth}`);
          check(path.join(dir, 'state.db'), acknowledged, `${call} ${nth}`);
          return signal === null;
        });
        if (ended) break;
        kills[call] = (kills[call] ?? 0) + 1;
      }
    }
    console.log(`killed at each of: ${JSON.stringify(kills)}`);
    assert.ok((kills['pwrite64'] ?? 0) > COUNT / every);
    assert.ok((kills['fsync'] ?? 0) + (kills['fdatasync'] ?? 0) > COUNT / every);
  });
}
