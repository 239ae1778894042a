/** The simulated machine: its disks, its network, its store, and the one server process that runs on it, or none. */
import type { CallListener } from './disk/calls.ts';
import { Disk } from './disk/disk.ts';
import { FileSystem } from './disk/file-system.ts';
import type { Inode } from './disk/inode.ts';
import { Network } from './net/network.ts';
import { RemoteFile } from './net/remote-file.ts';
import type { Plan } from './plan/plan.ts';
import type { Product } from './product/entry.ts';
import type { ProcessParts, ProductModule } from './product/load.ts';
import { MemoryStore, StoredState, type StoreParts } from './store/memory-store.ts';
import type { WallClock } from './world/globals.ts';
import { Random } from './world/random.ts';
import { type Life, Scheduler } from './world/scheduler.ts';
import type { Trace } from './world/trace.ts';

export const DATA_DIR = '/state';
export const MOUNT_POINT = '/media/disk';
export const DOWNLOAD_DIR = '/media/disk/downloads';
const DISK_BYTES = 200e6;
/** 2026-11-29, 12:00 UTC. */
const WALL_START_MS = 1_795_953_600_000;

export interface MachineParts {
  plan: Plan;
  trace: Trace;
  startProcess: (parts: ProcessParts) => ProductModule;
  /** A mistake of the product, or of the simulation. */
  onBroken: (what: string) => void;
}

export class Machine {
  readonly scheduler = new Scheduler();
  readonly disk: Disk;
  readonly media: FileSystem;
  readonly network: Network;
  readonly state = new StoredState();
  readonly trace: Trace;
  readonly wall: WallClock = { offsetMs: WALL_START_MS };
  /** The server, once its start is over; null = none runs. */
  product: Product | null = null;
  /** Has ever started. */
  hasStarted = false;
  onCall: CallListener = () => undefined;
  onCommit: StoreParts['onCommit'] = () => undefined;
  /** Called when the server has started. */
  onStarted: () => void = () => undefined;
  readonly kills = { kill: 0, cut: 0, stop: 0 };
  readonly #parts: MachineParts;
  readonly #random: Random;
  readonly #rootDisk: FileSystem;
  /** What lies under the mount point, where nothing may be written. */
  readonly #below: Inode;
  #life: Life = { number: 0, isAlive: false };
  #store: MemoryStore | null = null;
  #bootId = 0;
  #isNew = true;
  #isBootPlanned = false;
  #module: ProductModule | null = null;

  constructor(parts: MachineParts) {
    const { plan, trace } = parts;
    this.#parts = parts;
    this.trace = trace;
    this.#random = new Random(plan.seed, 'machine');
    this.network = new Network(this.scheduler, new Random(plan.seed, 'network'));
    this.disk = new Disk(this.scheduler, new Random(plan.seed, 'disk'), () => this.wall.offsetMs);
    this.#rootDisk = new FileSystem(1, plan.order, DISK_BYTES);
    this.media = new FileSystem(2, plan.order, DISK_BYTES);
    this.media.faults.hasLinks = plan.hasLinks;
    this.disk.mount('/', this.#rootDisk);
    this.disk.mkdir('/media', 0o755);
    this.disk.mkdir(MOUNT_POINT, 0o755);
    if (plan.hasFolderBelow) this.disk.mkdir(DOWNLOAD_DIR, 0o755);
    this.#below = this.#rootDisk.root.entries.get('media')?.entries.get('disk') as Inode;
    this.#rootDisk.syncDir(this.#below, this.#rootDisk.changeCount);
    this.disk.mount(MOUNT_POINT, this.media);
    this.disk.kernelFiles.set('/proc/sys/kernel/random/boot_id', () => this.#bootIdText());
    for (const { name, bytesPerMs, delayMs } of plan.hosts) this.network.addHost(name, bytesPerMs, delayMs);
    plan.files.forEach((spec, index) => this.network.addFile(new RemoteFile(spec, 2 * index + 1)));
    this.#writeBackNowAndThen();
  }

  /** Names under the mount point of the download folder that ought not to be there. */
  get writtenBelow(): string[] {
    const folder = this.#below.entries.get('downloads');
    const names = [...(folder?.entries.keys() ?? [])];
    return folder !== undefined && !this.#parts.plan.hasFolderBelow ? ['downloads', ...names] : names;
  }

  get life(): Life {
    return this.#life;
  }

  /** Starts the server. */
  boot(): void {
    this.#isBootPlanned = false;
    const { plan, trace, startProcess, onBroken } = this.#parts;
    const life: Life = { number: this.#life.number + 1, isAlive: true };
    this.#life = life;
    trace.add(this.scheduler.now, `start of process ${life.number}`);
    const random = new Random(plan.seed, `process ${life.number}`);
    const product = startProcess({
      scheduler: this.scheduler,
      disk: this.disk,
      life,
      random,
      trace,
      network: this.network,
      wall: this.wall,
      syncMs: () => plan.syncMs,
      onCall: (...call) => this.onCall(...call),
    });
    this.#module = product;
    const store = new MemoryStore({
      state: this.state,
      life,
      onCommit: (...commit) => this.onCommit(...commit),
    });
    this.#store = store;
    const started = product.startProduct({
      dataDir: DATA_DIR,
      downloadDir: DOWNLOAD_DIR,
      store,
      isNewStore: this.#isNew,
      maxActive: plan.maxActive,
      maxActivePerSession: plan.maxActivePerSession,
      onNote: (note) => trace.add(this.scheduler.now, note),
      onBroken: (what, error) => {
        if (!life.isAlive) return;
        trace.add(this.scheduler.now, `${what}: ${String(error)}`);
        if (!isExpected(error)) onBroken(`${what}: ${String(error)}`);
      },
    });
    this.#isNew = false;
    started.then(
      (running) => {
        if (!life.isAlive) return;
        this.product = running;
        this.hasStarted = true;
        this.onStarted();
      },
      (error: unknown) => {
        if (life.isAlive)
          onBroken(`the server did not start: ${String(error)} ${(error as Error).stack ?? ''}`);
      },
    );
  }

  /** What a commit throws whose write the disk refuses. */
  storeError(): Error {
    const { SluiceError } = this.#module as ProductModule;
    return new SluiceError('store_missing', 'The disk of the data folder gives errors.');
  }

  /** kill -9. */
  kill(downMs: number): void {
    if (!this.#life.isAlive) return;
    this.kills.kill++;
    this.#end('killed', downMs);
  }

  /** The power fails: disks keep what a legal subset of writes has left. */
  cut(downMs: number): void {
    this.kills.cut++;
    this.#end('power cut', downMs);
    for (const fs of [this.#rootDisk, this.media]) fs.cut(this.#random);
    this.#bootId++;
  }

  /** SIGTERM, and a start after it. */
  stop(downMs: number): void {
    const { product } = this;
    const life = this.#life;
    if (product === null) return;
    this.kills.stop++;
    this.trace.add(this.scheduler.now, 'stop');
    this.product = null;
    product.close().then(
      () => life.isAlive && this.#end('stopped', downMs),
      (error: unknown) => this.#parts.onBroken(`the server did not stop: ${String(error)}`),
    );
  }

  /** The device of the download folder is pulled out; `plugIn` brings it back. */
  unplug(): void {
    this.trace.add(this.scheduler.now, 'unplugged');
    this.disk.unmount(MOUNT_POINT);
    this.media.cut(this.#random);
  }

  plugIn(): void {
    this.trace.add(this.scheduler.now, 'plugged in');
    this.disk.mount(MOUNT_POINT, this.media);
  }

  #end(how: string, downMs: number): void {
    const life = this.#life;
    this.trace.add(this.scheduler.now, `process ${life.number} ${how}`);
    life.isAlive = false;
    this.product = null;
    const calls = this.#random.shuffle(this.scheduler.takeInterrupted(life));
    for (const call of calls) if (this.#random.chance(0.5)) call();
    this.network.connections.clear();
    this.#store?.rollback();
    if (this.#isBootPlanned) return;
    this.#isBootPlanned = true;
    this.scheduler.schedule(downMs, null, () => this.boot());
  }

  #bootIdText(): string {
    return `00000000-0000-4000-8000-${String(this.#bootId).padStart(12, '0')}\n`;
  }

  #writeBackNowAndThen(): void {
    this.scheduler.schedule(this.#random.between(200, 4_000), null, () => {
      this.#rootDisk.writeBack(this.#random);
      this.media.writeBack(this.#random);
      this.#writeBackNowAndThen();
    });
  }
}

/** What a session's host reports where a fault of the plan made a commit fail. */
function isExpected(error: unknown): boolean {
  return ['disk_full', 'disk_error', 'store_missing'].includes((error as { code?: string }).code ?? '');
}
