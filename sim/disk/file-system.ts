/** One simulated file system: its tree, its room, its faults, and what of it is on the platter. */
import type { Random } from '../world/random.ts';
import { Inode, PAGE_BYTES } from './inode.ts';

/**
 * How much order the platter keeps. `ordered`: changes of names reach it in the order in which they were made, as with
 * a journal (ext4, XFS). `weak`: only those of one folder do, and a size may come without its bytes.
 */
export type Order = 'ordered' | 'weak';

/** A change of names, or a truncation, that is not on the platter yet. */
interface Change {
  number: number;
  dirs: Inode[];
  apply(): void;
  /** Of a truncation. */
  file: Inode | null;
}

export interface Faults {
  isReadOnly: boolean;
  isDenied: boolean;
  /** Probability that a call that reads or writes fails with EIO. */
  ioErrors: number;
  /** Syncs that are still to fail, once each. */
  failingSyncs: number;
  /** Bytes that other programs occupy. */
  occupied: number;
  hasLinks: boolean;
}

export class FileSystem {
  readonly device: number;
  readonly order: Order;
  readonly capacity: number;
  readonly faults: Faults = {
    isReadOnly: false,
    isDenied: false,
    ioErrors: 0,
    failingSyncs: 0,
    occupied: 0,
    hasLinks: true,
  };
  root: Inode;
  used = 0;
  /** Raised by each cut: files that were open before are not any more. */
  generation = 0;
  #changes: Change[] = [];
  #changeCount = 0;
  #lastInode = 1;
  /** Numbers of removed files, which are given again, as ext4 does. */
  #freeInodes: number[] = [];

  constructor(device: number, order: Order, capacity: number) {
    this.device = device;
    this.order = order;
    this.capacity = capacity;
    this.root = new Inode(this.#lastInode++, 'dir', 0o755, 0);
    this.root.links = 1;
  }

  get free(): number {
    return Math.max(0, this.capacity - this.used - this.faults.occupied);
  }

  create(kind: 'file' | 'dir', mode: number, nowMs: number): Inode {
    const number = this.#freeInodes.sort((a, b) => b - a).pop() ?? this.#lastInode++;
    return new Inode(number, kind, mode, nowMs);
  }

  /** Sets or removes names, all at once: those that are set first, or a renamed file would have none for a moment. */
  rename(changes: { dir: Inode; name: string; to: Inode | null }[], nowMs: number): void {
    for (const { dir, name, to } of changes) {
      const before = dir.entries.get(name);
      if (before !== undefined) this.#unlinked(before);
      if (to === null) dir.entries.delete(name);
      else {
        dir.entries.set(name, to);
        to.links++;
      }
      dir.modifiedMs = nowMs;
    }
    this.#changes.push({
      number: ++this.#changeCount,
      dirs: changes.map(({ dir }) => dir),
      file: null,
      apply: () => {
        for (const { dir, name, to } of changes) {
          if (to === null) dir.platterEntries.delete(name);
          else dir.platterEntries.set(name, to);
        }
      },
    });
  }

  /** The caller has looked for room. */
  write(file: Inode, bytes: Uint8Array, position: number, nowMs: number): void {
    const before = blocksOf(file.size);
    file.write(bytes, position);
    file.modifiedMs = nowMs;
    this.used += blocksOf(file.size) - before;
  }

  truncate(file: Inode, size: number, nowMs: number): void {
    if (size === file.size) return;
    const before = blocksOf(file.size);
    const isShorter = size < file.size;
    file.truncate(size);
    file.modifiedMs = nowMs;
    this.used += blocksOf(file.size) - before;
    if (!isShorter) return;
    file.unwrittenTruncations++;
    const apply = (): void => file.truncatePlatter(size);
    this.#changes.push({ number: ++this.#changeCount, dirs: [], file, apply });
  }

  closed(file: Inode): void {
    file.handles--;
    this.#release(file);
  }

  /** What a sync that begins now will have on the platter. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** fsync of a folder. @param until `changeCount` when it began */
  syncDir(dir: Inode, until: number): void {
    if (this.order === 'ordered') {
      const last = this.#changes.findLast(({ number, dirs }) => number <= until && dirs.includes(dir));
      if (last !== undefined) this.#apply(({ number }) => number <= last.number);
      return;
    }
    this.#apply(({ number, dirs }) => number <= until && dirs.includes(dir));
    // A folder that was synced can be reached.
    const makesDir = ({ dirs }: Change): boolean => dirs.length > 0 && !isReached(this.root, dir);
    while (!isReached(this.root, dir) && this.#changes.some(makesDir)) {
      const first = this.#changes.findIndex(({ dirs }) => dirs.length > 0);
      if (first < 0) break;
      this.#changes.splice(first, 1)[0]?.apply();
    }
  }

  /** fdatasync. @param until its `writes` when it began; `size` then */
  syncFile(file: Inode, until: number, size: number): void {
    this.#apply((change) => change.file === file);
    file.sync(until, size);
  }

  /** The kernel writes back: what a minute without a sync leaves unwritten is little. */
  writeBack(random: Random): void {
    if (random.chance(0.5)) {
      const until = this.#changes[random.below(this.#changes.length + 1)]?.number ?? 0;
      this.#apply(({ number }) => number < until);
    }
    for (const file of this.#files(this.root)) if (file.isDirty && random.chance(0.5)) file.writeBack(random);
  }

  /** The power fails, or the device is pulled out. */
  cut(random: Random): void {
    const { order } = this;
    if (order === 'ordered') {
      const { length } = this.#changes;
      const until = random.pick([0, random.below(length + 1), random.below(length + 1), length]);
      for (const change of this.#changes.slice(0, until)) change.apply();
    } else {
      const stopped = new Set<Inode>();
      for (const change of this.#changes) {
        const on = change.file === null ? change.dirs : [change.file];
        if (random.chance(0.3)) for (const each of on) stopped.add(each);
        if (on.every((each) => !stopped.has(each))) change.apply();
      }
    }
    this.#changes = [];
    this.generation++;
    this.#reload(random);
  }

  /** Whether a name and all bytes of its file would survive the worst cut. */
  onPlatter(dir: Inode, name: string): Buffer | null {
    if (!isReached(this.root, dir)) return null;
    const file = dir.platterEntries.get(name);
    return file?.kind === 'file' && file.unwrittenTruncations === 0 ? file.platterData : null;
  }

  #apply(isDue: (change: Change) => boolean): void {
    const left: Change[] = [];
    for (const change of this.#changes) {
      if (isDue(change)) change.apply();
      else left.push(change);
    }
    this.#changes = left;
  }

  #reload(random: Random): void {
    const seen = new Set<Inode>();
    const visit = (inode: Inode): void => {
      inode.links++;
      if (seen.has(inode)) return;
      seen.add(inode);
      inode.links = 1;
      inode.cut(random, this.order);
      inode.entries.clear();
      for (const [name, child] of inode.platterEntries) {
        inode.entries.set(name, child);
        visit(child);
      }
    };
    visit(this.root);
    this.#freeInodes = [];
    this.used = 0;
    for (const inode of seen) if (inode.kind === 'file') this.used += blocksOf(inode.size);
  }

  #files(dir: Inode): Inode[] {
    return [...dir.entries.values()].flatMap((inode) => (inode.kind === 'dir' ? this.#files(inode) : inode));
  }

  #unlinked(inode: Inode): void {
    inode.links--;
    this.#release(inode);
  }

  #release(inode: Inode): void {
    if (inode.links > 0 || inode.handles > 0 || inode.kind === 'dir') return;
    this.used -= blocksOf(inode.size);
    inode.truncate(0);
    // Two files of one number cannot come back together where the order of changes is kept.
    if (this.order === 'ordered') this.#freeInodes.push(inode.number);
  }
}

function isReached(root: Inode, dir: Inode): boolean {
  if (root === dir) return true;
  for (const child of root.platterEntries.values()) {
    if (child.kind === 'dir' && isReached(child, dir)) return true;
  }
  return false;
}

function blocksOf(size: number): number {
  return Math.ceil(size / PAGE_BYTES) * PAGE_BYTES;
}
