/** What must hold, whatever happened: the promises of the product, checked from outside by the store and the disk. */
import type { DownloadRow } from '../src/lib/actors/download/row.ts';
import type { Added, Client } from './client.ts';
import { DOWNLOAD_DIR, type Machine } from './machine.ts';
import type { Plan } from './plan/plan.ts';
import type { Written } from './store/memory-store.ts';

const WORK_ROOT = `${DOWNLOAD_DIR}/.sluice`;

/** A few bytes that a kill can leave, once each time. */
const LITTER = /^(?:probe-|root\.json\.|store-.+\.json\.new$)/;
/** The mark of the folder, and the note of the store. */
const NOTES = /^(?:root|store-[0-9a-f]{12})\.json$/;

/** How much transfer a kill may cost, in ms (docs/adr/031-the-page-cache-of-one-boot.md), and a tick of the engine. */
const AGAIN_MS = 250;
const UNDER_WAY_BYTES = 256 * 1024;

/** Nobody's failure: waited for, never final. */
const NEVER_FINAL = [
  'network_down',
  'host_away',
  'work_removed',
  'internal_error',
  'disk_full',
  'disk_missing',
];
/** What a person would retry by hand. */
const WORTH_A_CLICK = [
  'connection_lost',
  'connect_failed',
  'size_mismatch',
  'timeout',
  'remote_busy',
  'remote_error',
  'dns_failed',
  'engine_stalled',
  'file_changed',
  'file_missing',
  'disk_error',
];

export class Oracle {
  readonly violations: string[] = [];
  readonly #machine: Machine;
  readonly #client: Client;
  readonly #plan: Plan;
  /** Rows that were seen complete, by id, with the attempt. */
  readonly #complete = new Map<string, number>();
  /** Names of files that the folder may hold: of downloads that were removed and whose files are kept. */
  readonly #kept = new Map<string, string>();

  constructor(machine: Machine, client: Client, plan: Plan) {
    this.#machine = machine;
    this.#client = client;
    this.#plan = plan;
  }

  fail(what: string): void {
    const { trace, scheduler } = this.#machine;
    trace.add(scheduler.now, `VIOLATION ${what}`);
    this.violations.push(what);
  }

  rows(session: string): DownloadRow[] {
    const rows: DownloadRow[] = [];
    for (const [key, text] of this.#machine.state.valuesOf('session', session)) {
      if (key.startsWith('d/')) rows.push(JSON.parse(text) as DownloadRow);
    }
    return rows;
  }

  rowOf({ session, id }: Added): DownloadRow | null {
    const text = id === null ? undefined : this.#machine.state.valuesOf('session', session).get(`d/${id}`);
    return text === undefined ? null : (JSON.parse(text) as DownloadRow);
  }

  /** After each commit: what is said to be complete has to be on the platter now. */
  committed(written: readonly Written[]): void {
    for (const { id: session, key } of written) {
      if (!key.startsWith('d/')) continue;
      const text = this.#machine.state.valuesOf('session', session).get(key);
      if (text === undefined) continue;
      const row = JSON.parse(text) as DownloadRow;
      if (row.state !== 'complete' || this.#complete.get(row.id) === row.attempt) continue;
      this.#complete.set(row.id, row.attempt);
      if (row.file !== null) this.#kept.set(row.id, row.file.name);
      const dir = this.#machine.media.root.entries.get('downloads');
      const name = row.file?.name ?? '';
      const bytes = dir === undefined ? null : this.#machine.media.onPlatter(dir, name);
      if (bytes === null) this.fail(`complete, but the name ${name} is not on the platter`);
      else if (!this.#isRight(row, bytes))
        this.fail(`complete, but the bytes of ${name} are not on the platter`);
    }
  }

  /** At any moment at which nothing of a move is under way: complete rows have their files, acknowledged ones are there. */
  look(when: string): void {
    const ids = new Map<string, string>();
    for (const added of this.#client.added) {
      const row = this.rowOf(added);
      if (added.id !== null && row === null && !added.isRemoved) {
        this.fail(`${when}: ${added.commandId} was acknowledged, and is not in the list`);
      }
      if (row !== null && ids.has(row.id)) this.fail(`${when}: two downloads are one`);
      if (row !== null) ids.set(row.id, added.commandId);
      if (row?.state === 'complete') this.#lookAtFile(row, when);
    }
    for (const session of ['s0', 's1']) {
      const causes = this.rows(session).map(({ history }) => history[0]?.[2] ?? '');
      const adds = causes.filter((cause) => cause.startsWith('command:add-'));
      if (new Set(adds).size < adds.length) this.fail(`${when}: an add was done twice`);
    }
  }

  #lookAtFile(row: DownloadRow, when: string): void {
    const file = this.#machine.disk.find(`${DOWNLOAD_DIR}/${row.file?.name ?? ''}`);
    if (file?.fs !== this.#machine.media) return;
    if (file.inode?.kind !== 'file') this.fail(`${when}: ${row.file?.name} is complete, and not there`);
    else if (!this.#isRight(row, file.inode.data))
      this.fail(`${when}: ${row.file?.name} is complete, and wrong`);
  }

  /** Nothing more happens by itself. */
  get isQuiet(): boolean {
    const { state } = this.#machine;
    if (this.#machine.product === null || !this.#client.isContent) return false;
    for (const session of ['s0', 's1']) {
      for (const row of this.rows(session)) {
        if (['queued', 'parse', 'download', 'finish', 'waiting'].includes(row.state)) return false;
      }
      for (const key of state.valuesOf('session', session).keys()) if (key.startsWith('gone/')) return false;
    }
    return true;
  }

  /** @returns the downloads that a person would help along, with what they would press */
  helpable(): [Added, 'retry' | 'resume'][] {
    return this.#client.added.flatMap((added): [Added, 'retry' | 'resume'][] => {
      const row = this.rowOf(added);
      if (row?.state === 'paused') return [[added, 'resume']];
      const isWorthIt = row?.state === 'error' && WORTH_A_CLICK.includes(row.error?.code ?? '');
      return isWorthIt ? [[added, 'retry']] : [];
    });
  }

  /** Whether rows ended as they must not. */
  lookAtErrors(): void {
    for (const added of this.#client.added) {
      const row = this.rowOf(added);
      if (row?.state !== 'error') continue;
      const code = row.error?.code ?? '';
      if (NEVER_FINAL.includes(code)) this.fail(`${row.title} ended in ${code}`);
      else if (!this.#hasReason(added.url)) this.fail(`${row.title} ended in ${code}: ${row.error?.message}`);
    }
  }

  /** After all clicks, in a world where all is well: whether rows of honest files are still not complete. */
  lookAtHelped(): void {
    for (const [added] of this.helpable()) {
      const row = this.rowOf(added);
      if (row !== null && this.#isHonest(added.url))
        this.fail(`no click helps ${row.title}: ${row.state}, ${row.error?.code}: ${row.error?.message}`);
    }
  }

  /** At the end of all: each download is complete and has one file, and nothing else is left. */
  lookAtEnd(): void {
    this.look('at the end');
    const { disk, media } = this.#machine;
    const allowed = new Map<string, string>();
    const workDirs = new Set<string>();
    for (const added of this.#client.added) {
      const row = this.rowOf(added);
      if (row === null) continue;
      if (row.state === 'complete' && row.file !== null) {
        if (allowed.has(row.file.name)) this.fail(`two downloads have the file ${row.file.name}`);
        allowed.set(row.file.name, row.id);
      } else if (row.state === 'error') workDirs.add(row.id);
      else if (row.state !== 'cancelled')
        this.fail(`${row.title} is still in ${row.state}: ${JSON.stringify(row.error)}`);
    }
    for (const { id, isRemoved, removedFile } of this.#client.added) {
      const name = id !== null && isRemoved && !removedFile ? this.#kept.get(id) : undefined;
      if (name !== undefined && !allowed.has(name)) allowed.set(name, 'kept');
    }
    // What could not be removed while the disk was away, or read-only, stays: docs/simulation.md.
    const isDiskBroken = this.#plan.faults.some(({ kind }) => kind === 'disk' || kind === 'unplugged');
    const removed = this.#client.added.filter(
      (added) => added.isRemoved || this.rowOf(added)?.state === 'cancelled',
    );
    if (isDiskBroken) for (const { id } of removed) if (id !== null) workDirs.add(id);
    for (const name of this.#machine.writtenBelow) this.fail(`written under the mount point: ${name}`);
    const folder = disk.readdir(DOWNLOAD_DIR).map(({ name }) => name);
    // Without its work dir a file that landed and was not said to be complete is nobody's.
    const isCleaned =
      (isDiskBroken && removed.length > 0) || this.#plan.faults.some(({ kind }) => kind === 'work-removed');
    if (media.order === 'ordered' && media.faults.hasLinks && !isCleaned) {
      for (const name of folder)
        if (name !== '.sluice' && !allowed.has(name)) this.fail(`left in the folder: ${name}`);
    }
    for (const { name } of disk.readdir(WORK_ROOT)) {
      if (!NOTES.test(name) && !workDirs.has(name.split('.')[0] as string) && !LITTER.test(name))
        this.fail(`left in the work root: ${name}`);
    }
  }

  /**
   * Where processes were only killed: what was fetched again. Each attempt also asks what is there, and each connection has
   * some bytes under way.
   */
  lookAtTraffic(): void {
    const { faults, actions, downloads, files, hosts } = this.#plan;
    const { network } = this.#machine;
    if (actions.length > 0 || faults.some(({ kind }) => kind !== 'kill' && kind !== 'stop')) return;
    const { kill, stop } = this.#machine.kills;
    for (const [index, file] of files.entries()) {
      const isPlain = file.lie === 'none' && file.replacedAt === null && !file.isChunked;
      if (!isPlain || !file.hasRanges || file.validators !== 'etag') continue;
      const count = downloads.filter((download) => download.file === index).length;
      const { bytesPerMs = 0 } = hosts.find(({ name }) => name === file.host) ?? {};
      const again = Math.min(file.bytes, AGAIN_MS * bytesPerMs + UNDER_WAY_BYTES);
      const most = count * (file.bytes + (1 + kill + stop) * UNDER_WAY_BYTES + (kill + stop) * again);
      const delivered = network.delivered.get(`http://${file.host}/${file.name}`) ?? 0;
      if (delivered > most)
        this.fail(`${file.name}: ${delivered} bytes were sent, ${most} at most should have been`);
    }
  }

  /** Something of the plan explains that a download of this address fails for good. */
  #hasReason(url: string): boolean {
    const { host } = new URL(url);
    if (!this.#isHonest(url)) return true;
    return this.#plan.faults.some((fault) => {
      if (fault.kind === 'resets') return fault.host === host;
      if (fault.kind === 'host')
        return fault.host === host && fault.mode !== 'refuses' && fault.mode !== 'silent';
      return fault.kind === 'disk' && fault.how === 'io-errors';
    });
  }

  /** Its server does not lie, and never replaces it. */
  #isHonest(url: string): boolean {
    const file = this.#plan.files.find((each) => url === `http://${each.host}/${each.name}`);
    return file?.lie === 'none' && file.replacedAt === null;
  }

  #isRight(row: DownloadRow, bytes: Buffer): boolean {
    const contents = this.#machine.network.files.get(row.url)?.contents ?? [];
    return contents.some((content) => content.equals(bytes));
  }
}
