/**
 * `.sluice/store-ID.json` in the download folder: which data folder has the list of what is downloaded there. A data folder
 * whose disk is away looks like one that was never used, and only this says otherwise
 * (docs/adr/043-the-data-folder-that-was-here.md).
 */
import { createHash } from 'node:crypto';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { parseJsonAs } from '../parse-json.ts';
import { syncOnDisk } from '../sync.server.ts';
import { WORK_ROOT } from '../work-dir.server.ts';
import { replaceFile } from '../replace-file.server.ts';
import { readNote } from '../work-note.server.ts';
import { takeOverWorkDirs } from '../work-owner.server.ts';

const NAME = /^store-([\w-]{1,64})\.json$/;
/** machine-id(5); a container has none, or an empty one. */
const MACHINE_ID = '/etc/machine-id';

const recordSchema = v.object({
  version: v.literal(1),
  /** The data folder's path, without links. */
  dataDir: v.string(),
  /** A hash of the machine's id; null = it has none. */
  machine: v.nullable(v.string()),
});
type StoreRecord = v.InferOutput<typeof recordSchema>;

export interface StorePlace {
  /** `instanceKey` of the data folder: a copy of it has a record of its own. */
  instance: string;
  /** Without links. */
  dataDir: string;
}

/**
 * Written if it is not there, and synced; records of earlier stores in the same data folder go, and their work dirs become
 * those of this one. Containers have no machine id, and often the same paths: their work dirs are left alone.
 * @throws the file system's own error
 */
export async function recordStore(downloadDir: string, { instance, dataDir }: StorePlace): Promise<void> {
  const name = `store-${instance}.json`;
  const record: StoreRecord = { version: 1, dataDir, machine: await machineHash() };
  const found = await recordsOf(downloadDir, record);
  const isThere = found.some((other) => other.name === name && other.record.machine === record.machine);
  const older = found.filter((other) => other.name !== name);
  if (isThere && older.length === 0) return;
  const root = join(downloadDir, WORK_ROOT);
  if (!isThere) await replaceFile(join(root, name), JSON.stringify(record), { synced: 'contents' });
  const lost = older.filter(({ record: { machine } }) => machine !== null && machine === record.machine);
  const instances = lost.map((other) => NAME.exec(other.name)?.[1] ?? '');
  if (lost.length > 0) await takeOverWorkDirs(downloadDir, instances, instance);
  for (const other of older) await rm(join(root, other.name), { force: true });
  await syncOnDisk(root, 'sync');
}

/**
 * The record of a store that was kept in this data folder of this machine.
 * @param dataDir without links
 * @returns its path; null = there is none, or the folder cannot be read
 */
export async function findStoreRecord(downloadDir: string, dataDir: string): Promise<string | null> {
  try {
    const [first] = await recordsOf(downloadDir, { dataDir, machine: await machineHash() });
    return first === undefined ? null : join(downloadDir, WORK_ROOT, first.name);
  } catch {
    return null;
  }
}

async function recordsOf(
  downloadDir: string,
  { dataDir, machine }: Pick<StoreRecord, 'dataDir' | 'machine'>,
): Promise<{ name: string; record: StoreRecord }[]> {
  const found: { name: string; record: StoreRecord }[] = [];
  for (const name of await readdir(join(downloadDir, WORK_ROOT))) {
    if (!NAME.test(name)) continue;
    // A power cut, or somebody else, may have left it without a meaning.
    const text = await readNote(join(downloadDir, WORK_ROOT, name)).catch(() => '');
    const record = parseJsonAs(recordSchema, text);
    const isOfThisMachine = record?.machine === machine || record?.machine === null || machine === null;
    if (record?.dataDir === dataDir && isOfThisMachine) found.push({ name, record });
  }
  return found;
}

/** Two machines that share a download folder often have the same paths. The id itself is not to be published. */
async function machineHash(): Promise<string | null> {
  const id = await readFile(MACHINE_ID, 'utf8').catch(() => '');
  if (!/^[0-9a-f]{32}\s*$/.test(id)) return null;
  return createHash('sha256').update(`sluice ${id.trim()}`).digest('hex').slice(0, 16);
}
