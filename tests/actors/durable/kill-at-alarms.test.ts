import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { settles, waitFor } from '../../support/wait.ts';
import { freshDir } from './host.ts';
import type { RingerLine } from './ringer.ts';

const RINGER = fileURLToPath(new URL('ringer.ts', import.meta.url));
const KILLS = 20;
const ALARMS_A_LIFE = 10;

interface ProcessRun {
  child: ChildProcess;
  set: { set: number; at: number }[];
  rang: number[];
  isEmpty: boolean;
  exited: Promise<unknown>;
}

function startProcess(file: string, first: number, count: number): ProcessRun {
  const args = [RINGER, file, first, count].map(String);
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const life: ProcessRun = {
    child,
    set: [],
    rang: [],
    isEmpty: false,
    exited: new Promise((resolve) => child.on('close', resolve)),
  };
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as RingerLine;
    if ('set' in line) life.set.push(line);
    else if ('rang' in line) life.rang.push(line.rang);
    else life.isEmpty = true;
  });
  return life;
}

test(`${KILLS * ALARMS_A_LIFE} alarms with ${KILLS} kills near their time: each fires, with its effect once`, async () => {
  const dir = await freshDir();
  const file = path.join(dir, 'state.db');
  const acknowledged: number[] = [];
  const rang: number[] = [];
  /** ms between the due time of the targeted alarm and the kill. */
  const misses: number[] = [];
  let outlived = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const life = startProcess(file, kill * ALARMS_A_LIFE, ALARMS_A_LIFE);
    await waitFor(() => life.set.length === ALARMS_A_LIFE, { what: 'the alarms to be set' });
    const target = life.set[Math.floor(Math.random() * ALARMS_A_LIFE)]!;
    // From 2 ms before its time to 3 ms after: before, during and after the commit of its effect.
    const at = target.at - 2 + Math.random() * 5;
    await waitFor(() => Date.now() >= at - 15, { what: 'the time of an alarm' });
    while (Date.now() < at);
    life.child.kill('SIGKILL');
    misses.push(Date.now() - target.at);
    await settles(life.exited);
    acknowledged.push(...life.set.map(({ set }) => set));
    rang.push(...life.rang);
    outlived += life.set.filter(({ set }) => !life.rang.includes(set)).length;
  }
  const last = startProcess(file, 0, 0);
  await waitFor(() => last.isEmpty, { what: 'all alarms to have rung' });
  await settles(last.exited);
  rang.push(...last.rang);

  const database = new DatabaseSync(file);
  const rows = database
    .prepare(
      `SELECT id, key, value FROM entries JOIN actors ON row = actor WHERE key IN ('effects', 'early')`,
    )
    .all() as { id: string; key: string; value: string }[];
  assert.is(Number(Object.values(database.prepare('SELECT count(*) FROM alarms').get() ?? {})[0]), 0);
  database.close();
  const read = (wanted: string) =>
    rows
      .filter(({ key }) => key === wanted)
      .map(({ id, value }) => [Number(id), JSON.parse(value) as unknown] as const)
      .toSorted(([left], [right]) => left - right);
  assert.is(acknowledged.length, KILLS * ALARMS_A_LIFE);
  assert.equal(
    read('effects'),
    acknowledged.map((number) => [number, 1]),
  );
  assert.not(read('early').some(([, early]) => early));
  assert.is(new Set(rang).size, rang.length, 'none was said to have rung twice');
  const unsaid = acknowledged.length - rang.length;
  console.log(
    `kills from ${Math.min(...misses)} to ${Math.max(...misses)} ms from an alarm; ${outlived} alarms not heard in ` +
      `the life that set them; ${unsaid} rang and were killed before they could say so`,
  );
  await fs.rm(dir, { recursive: true });
});

test.run();
