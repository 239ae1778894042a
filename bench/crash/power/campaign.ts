/**
 * The power part: the power of the disks is cut while files are under way; the next start is in another boot. What was
 * called complete has to be there with every byte, at once and at the end, and every add that was acknowledged.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DownloadView } from '#lib/protocol/download.ts';
import { sha256File } from '../../../tests/support/media-hash.ts';
import type { Api } from '../../../tests/support/api.ts';
import { type Place, startServer, type TestServer } from '../../../tests/support/server.ts';
import { shareYtDlp } from '../../../tests/support/yt-dlp.ts';
import { createRandom, type Random } from '../random.ts';
import { cutPower, PowerDisk, syncPath } from './disk.ts';
import { bytesOf, hashOf, type Origin, startOrigin } from './origin.ts';
import type { PlannedCut, PowerFile, Scenario } from './plan.ts';
import { emptyReport, type PowerReport } from './report.ts';

const DISK_BYTES = 3 * 2 ** 30;
const OTHER_BOOT = join(import.meta.dirname, 'other-boot.sh');
/** A hang deadline for what is left after the last cut of a scenario. */
const FINISH_MS = 180_000;
const COMPLETE_MS = 8_000;
const LARGE_BYTES = 4_000_000;
const LATE_EVERY_MS = 150;
/** The promise: the larger of the two is fetched again, and what came while the last sync ran. */
const SYNC_EVERY_BYTES = 64 * 2 ** 20;
const SYNC_EVERY_SECONDS = 10;

export interface PowerOptions {
  scenarios: readonly Scenario[];
  seed: number;
  say?: (line: string) => void;
  env?: Record<string, string>;
  /** Another checkout, built. */
  project?: string;
}

export async function runPowerCuts({
  scenarios,
  seed,
  say,
  project,
  env = {},
}: PowerOptions): Promise<PowerReport> {
  const report = emptyReport();
  const random = createRandom(seed ^ 0xc07);
  const origin = await startOrigin();
  let shown = 0;
  try {
    for (const [n, scenario] of scenarios.entries()) {
      const run = new ScenarioRun({ scenario, name: `scenario ${n}`, origin, random, report, env, project });
      try {
        await run.run();
      } finally {
        await run.end();
      }
      const { cuts, incomplete } = report;
      say?.(
        `${cuts} cuts: ${incomplete.length} complete without their bytes, ${report.lost.length} adds lost`,
      );
      for (const line of incomplete.slice(shown)) say?.(`  ${line}`);
      shown = incomplete.length;
    }
  } finally {
    await origin.close();
  }
  return report;
}

interface RunOptions {
  scenario: Scenario;
  name: string;
  origin: Origin;
  random: Random;
  report: PowerReport;
  env: Record<string, string>;
  project: string | undefined;
}

class ScenarioRun {
  readonly #options: RunOptions;
  readonly #dir = mkdtempSync(join(tmpdir(), 'sluice-power-'));
  readonly #disks: PowerDisk[] = [];
  readonly #place: Place;
  /** By the id that was acknowledged. */
  readonly #files = new Map<string, PowerFile>();
  readonly #late: PowerFile[] = [];
  readonly #incomplete = new Set<string>();
  #server: TestServer | null = null;
  #api: Api | null = null;

  constructor(options: RunOptions) {
    this.#options = options;
    const disk = this.#addDisk('disk');
    const dataDisk = options.scenario.hasTwoDisks ? this.#addDisk('data-disk') : disk;
    this.#place = {
      dir: this.#dir,
      dataDir: join(dataDisk.mountpoint, 'data'),
      downloadDir: join(disk.mountpoint, 'downloads'),
      home: join(this.#dir, 'home'),
      remove: () => undefined,
    };
    const { dataDir, downloadDir, home } = this.#place;
    for (const dir of [dataDir, downloadDir, home]) mkdirSync(dir);
    shareYtDlp(dataDir);
  }

  #addDisk(name: string): PowerDisk {
    const disk = new PowerDisk(this.#dir, name, DISK_BYTES);
    this.#disks.push(disk);
    return disk;
  }

  async run(): Promise<void> {
    const { scenario, origin, report } = this.#options;
    for (const file of [...scenario.files, ...scenario.lateFiles]) origin.serve(file);
    this.#late.push(...scenario.lateFiles);
    await this.#start();
    this.#api = await this.#server!.session();
    // The folders and the session are there before the first cut, as they are on a machine that is in use.
    for (const { mountpoint } of this.#disks) syncPath(mountpoint);
    await Promise.all(scenario.files.map((file) => this.#add(file)));
    report.downloads += scenario.files.length + scenario.lateFiles.length;
    for (const cut of scenario.cuts) await this.#cut(cut);
    await this.#finish();
  }

  async end(): Promise<void> {
    await this.#server?.kill9();
    for (const disk of this.#disks) await disk.remove();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** In a boot of its own. */
  async #start(): Promise<void> {
    const boot = join(this.#dir, 'boot_id');
    writeFileSync(boot, `${randomUUID()}\n`);
    this.#server = await startServer({
      place: this.#place,
      ...(this.#options.project === undefined ? {} : { project: this.#options.project }),
      under: ['unshare', '-m', 'sh', OTHER_BOOT, boot],
      env: { SLUICE_MAX_ACTIVE: '16', SLUICE_MAX_ACTIVE_PER_SESSION: '12', ...this.#options.env },
    });
    this.#api = this.#api?.at(this.#server.url) ?? null;
  }

  /** One after the other until the server is gone: the last one may be acknowledged, or not. */
  async #addLate(): Promise<void> {
    for (let next = this.#late[0]; next !== undefined; next = this.#late[0]) {
      await this.#add(next);
      this.#late.shift();
      await delay(LATE_EVERY_MS);
    }
  }

  async #add(file: PowerFile): Promise<void> {
    const id = await this.#api!.add({
      url: `${this.#options.origin.url}/${file.name}`,
      engine: file.kind === 'yt-dlp' ? 'yt-dlp' : 'http',
      filename: file.name.replace('.m3u8', ''),
      commandId: `add-${file.name}`,
      ...(file.kind === 'sha256' ? { sha256: hashOf(file) } : {}),
    });
    this.#files.set(id, file);
  }

  async #cut({ afterMs, afterComplete, syncedShare }: PlannedCut): Promise<void> {
    const { report, name } = this.#options;
    const adding = this.#addLate().catch(() => undefined);
    if (afterComplete) await this.#nextComplete();
    await delay(afterMs);
    const before = new Set(await this.#complete());
    if (before.size > 0) report.cutsWithComplete++;
    if (syncedShare > 0) this.#syncSome(syncedShare);
    cutPower(this.#disks);
    report.cuts++;
    await this.#server!.kill9();
    await adding;
    for (const disk of this.#disks) {
      await disk.unmount();
      disk.mount();
    }
    await this.#start();
    const rows = await this.#rows();
    for (const [id, file] of this.#files) {
      const row = rows.find((each) => each.id === id);
      if (row === undefined) report.lost.push(`${name}: ${file.kind} ${file.name}`);
      else if (row.state === 'complete') await this.#judge(row, file);
      else if (before.has(id)) report.takenBack.push(`${name}: ${file.kind} ${file.name} is ${row.state}`);
    }
  }

  /** Until there is one more that is large, or none comes. */
  async #nextComplete(): Promise<void> {
    const large = async (): Promise<number> =>
      (await this.#complete()).filter((id) => bytesOf(this.#files.get(id)!) >= LARGE_BYTES).length;
    const known = await large();
    const end = performance.now() + COMPLETE_MS;
    while (performance.now() < end && (await large()) === known) await delay(10);
  }

  async #rows(): Promise<DownloadView[]> {
    return this.#api!.list('?limit=200');
  }

  async #complete(): Promise<string[]> {
    return (await this.#rows()).filter(({ state }) => state === 'complete').map(({ id }) => id);
  }

  async #judge(row: DownloadView, file: PowerFile): Promise<void> {
    const { report, name } = this.#options;
    const what = `${name}: ${file.kind} ${file.name} of ${bytesOf(file)}`;
    const path = join(this.#place.downloadDir, row.file?.name ?? '');
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? null;
    const isWhole = size === bytesOf(file) && (await sha256File(path)) === hashOf(file);
    if (isWhole) return;
    // Seen again after each cut that follows.
    if (this.#incomplete.has(row.id)) return;
    this.#incomplete.add(row.id);
    report.incomplete.push(
      `${what}: ${size ?? 'no'} bytes${size === bytesOf(file) ? ', not all right' : ''}`,
    );
    const { status } = await this.#api!.call('GET', `/api/downloads/${row.id}/file`);
    if (status === 200 && (size ?? 0) < (row.file?.bytes ?? 0))
      report.served.push(`${what}: 200 with ${size} bytes`);
  }

  /** As the kernel may write back whatever it likes, before anybody asks. */
  #syncSome(share: number): void {
    const { random } = this.#options;
    for (const entry of readdirSync(this.#place.downloadDir, { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && random.chance(share)) syncPath(join(entry.parentPath, entry.name));
    }
  }

  async #finish(): Promise<void> {
    const { report, name, scenario, origin } = this.#options;
    await this.#addLate();
    const end = performance.now() + FINISH_MS;
    while ((await this.#complete()).length < this.#files.size && performance.now() < end) await delay(100);
    const rows = await this.#rows();
    for (const [id, file] of this.#files) {
      const row = rows.find((each) => each.id === id);
      if (row?.state !== 'complete') {
        const why = row?.error ? ` ${row.error.code}: ${row.error.message}` : '';
        report.lost.push(`${name}: ${file.kind} ${file.name} is ${row?.state ?? 'gone'} at last${why}`);
        continue;
      }
      await this.#judge(row, file);
      const again = Math.max(0, origin.sent(file.name) - bytesOf(file));
      const sum = (report.bytes[file.kind] ??= { whole: 0, again: 0, mostAgain: 0 });
      sum.whole += bytesOf(file);
      sum.again += again;
      sum.mostAgain = Math.max(sum.mostAgain, again);
      const perCut = Math.max(SYNC_EVERY_BYTES, SYNC_EVERY_SECONDS * (file.bytesPerSecond ?? 0));
      if (again > perCut * scenario.cuts.length)
        report.refetched.push(`${name}: ${file.kind} ${again} bytes`);
    }
    const known = new Set(rows.map(({ file }) => file?.name));
    for (const each of await this.#filesLeft()) {
      if (!known.has(each)) report.leftovers.push(`${name}: ${each}`);
    }
  }

  /** Work dirs go a moment after `complete`. */
  async #filesLeft(): Promise<string[]> {
    const { downloadDir } = this.#place;
    const list = (): string[] => {
      const workDirs = readdirSync(join(downloadDir, '.sluice'), { withFileTypes: true })
        .filter((each) => each.isDirectory())
        .map(({ name: each }) => join('.sluice', each));
      return [...readdirSync(downloadDir).filter((each) => each !== '.sluice'), ...workDirs];
    };
    const end = performance.now() + 5_000;
    while (performance.now() < end && list().some((each) => each.startsWith('.sluice'))) await delay(50);
    return list();
  }
}
