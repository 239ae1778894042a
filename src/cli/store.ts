import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { restorable } from '#lib/actors/durable/copies.server.ts';
import { addressOf } from '#lib/actors/durable/inspect.server.ts';
import { storeFileOf, withSharedLock } from '#lib/actors/durable/presence.server.ts';
import { type Restored, restoreStore } from '#lib/actors/durable/restore.server.ts';
import {
  checkStore,
  copyReports,
  copyStore,
  type StoreCheck,
  writeCopy,
} from '#lib/actors/durable/store-task.server.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import type { Config } from '../server/config.ts';
import { recordOfUse, storeMissing, whyNoStore } from '../server/store-presence.ts';
import { checkEverything, type StoreReport } from '../server/store-report.ts';
import { type CliCommand, type Io, UsageError } from './command.ts';
import { askServer, serverRuns } from './control-client.ts';
import { isInOrder, storeLines } from './store-lines.ts';

export const store: CliCommand = {
  synopsis: 'check | backup FILE | restore [FILE] [--json]',
  summary: 'Checks the state store, copies it, or goes back to a copy.',
  help: `
sluice store check            looks for damage, and lists the copies and what was set aside. Exit code 1: damaged
sluice store backup FILE      writes a copy to FILE, which must not be there; also while the server runs
sluice store restore [FILE]   goes back to a copy, by default the newest. Stop the server first. What was there is
                              kept beside it under a dated name: restoring that undoes it

It is the store in SLUICE_DATA_DIR. A running server is asked to do it. FILE is looked for here, then in the data folder.
More: docs/recovery.md

  --json   prints what was found or done as one line of JSON`,
  options: { json: { type: 'boolean' } },
  arguments: { min: 1, max: 2 },
  async run([verb, file], values, io) {
    const config = io.config();
    const isJson = values['json'] === true;
    if (verb === 'check' && file === undefined) return check(config, isJson, io);
    if (verb === 'backup' && file !== undefined) return backup(config, resolve(file), isJson, io);
    if (verb === 'restore') return restore(config, file, isJson, io);
    throw new UsageError('Say: sluice store check, sluice store backup FILE or sluice store restore [FILE].');
  },
};

async function check(config: Config, isJson: boolean, io: Io): Promise<number> {
  const report = (await askServer<StoreReport>(config.dataDir, 'check')) ?? (await checkHere(config));
  if (isJson) print(JSON.stringify(report), io);
  else for (const line of storeLines(report)) print(line, io);
  return isInOrder(report) ? 0 : 1;
}

/** @throws SluiceError `store_missing`, `store_corrupt`, `store_newer`, `data_dir_busy` */
async function checkHere(config: Config): Promise<StoreReport> {
  const file = await usableStore(config);
  let check: StoreCheck;
  try {
    check = withSharedLock(file, () => checkStore(file));
  } catch (error) {
    throw withCopies(error, file);
  }
  return checkEverything(config, check);
}

async function backup(config: Config, file: string, isJson: boolean, io: Io): Promise<number> {
  if ((await askServer(config.dataDir, 'backup', { file })) === null) await backupHere(config, file);
  print(isJson ? JSON.stringify({ file }) : `The store was copied to ${file}.`, io);
  return 0;
}

/** @throws SluiceError as `checkHere`, `invalid_filename` for a file that is there, `disk_*` */
async function backupHere(config: Config, to: string): Promise<void> {
  const file = await usableStore(config);
  return writeCopy(to, (unfinished) => withSharedLock(file, () => copyStore(addressOf(file), unfinished)));
}

async function restore(config: Config, name: string | undefined, isJson: boolean, io: Io): Promise<number> {
  const { dataDir } = config;
  if (await serverRuns(dataDir)) {
    throw new SluiceError('data_dir_busy', `A server is using ${dataDir}: stop it, then restore.`);
  }
  const file = storeFileOf(dataDir);
  const copy = name === undefined ? await newestCopy(file, config) : findCopy(dirname(file), name);
  const restored = restoreOr(file, copy);
  if (isJson)
    print(JSON.stringify({ file, copy, rows: restored.check.rows, replaced: restored.replaced }), io);
  else for (const line of restoredLines(copy, restored)) print(line, io);
  return 0;
}

/** Another copy is not taken unasked: it is older. @throws SluiceError as `restoreStore` */
function restoreOr(file: string, copy: string): Restored {
  try {
    return restoreStore(file, copy);
  } catch (error) {
    throw withCopies(error, file);
  }
}

/** Of what is damaged: with the copies that there are. */
function withCopies(error: unknown, file: string): unknown {
  if (!(error instanceof SluiceError) || !error.code.startsWith('store_')) return error;
  const copies = copyReports(file);
  const good = copies.find(
    ({ kind, problem }) => problem === null && (kind === 'daily' || kind === 'upgrade'),
  );
  const lines = copies.map(
    ({ name, at, rows }) => `${name}, of ${at}, ${rows === null ? 'damaged' : `${rows} values, in order`}`,
  );
  const hint =
    good === undefined
      ? 'No daily copy is in order.'
      : `To go back to the newest that is in order, type: sluice store restore ${good.name}`;
  const list = lines.length === 0 ? 'There is no copy.' : `The copies: ${lines.join('; ')}.`;
  return new SluiceError(error.code, `${error.message} ${list} ${lines.length === 0 ? '' : hint}`.trim(), {
    cause: error,
  });
}

/** @throws SluiceError `store_missing` */
async function newestCopy(file: string, config: Config): Promise<string> {
  const [newest] = restorable(file);
  if (newest !== undefined) return newest.path;
  const record = await recordOfUse(config);
  throw new SluiceError(
    'store_missing',
    `There is no daily copy in ${dirname(file)}${record === null ? '' : `, but it was used before: ${record}`}. ` +
      'Name a file: sluice store restore FILE',
  );
}

/** Messages name copies without their folder. */
function findCopy(dir: string, name: string): string {
  const here = resolve(name);
  return !existsSync(here) && name === basename(name) ? join(dir, name) : here;
}

function restoredLines(copy: string, { check: found, replaced }: Restored): string[] {
  return [
    `The store is that of ${basename(copy)} now, with ${found.rows} values.`,
    ...(found.damagedCount === 0
      ? []
      : [`${found.damagedCount} of them are damaged: they are shown as such in the list.`]),
    ...(replaced === null
      ? []
      : [`What was there is kept as ${replaced}. To undo this, type: sluice store restore ${replaced}`]),
    'Start the server again.',
  ];
}

/** @throws SluiceError `store_missing`, `data_dir_busy` */
async function usableStore(config: Config): Promise<string> {
  const why = await whyNoStore(config);
  if (why === null) return storeFileOf(config.dataDir);
  throw storeMissing(config, `${why}.`);
}

function print(line: string, io: Io): void {
  io.stdout.write(`${line}\n`);
}
