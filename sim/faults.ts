/** Brings the faults of a plan about, and ends them. */
import type { CallListener } from './disk/calls.ts';
import { DOWNLOAD_DIR, type Machine } from './machine.ts';
import type { Fault, When } from './plan/plan.ts';

type Armed = Extract<When, { syscall: string }> & { left: number; work: () => void };

export class Faults {
  /** How often each kind came about. */
  readonly counts = new Map<string, number>();
  readonly #machine: Machine;
  #armed: Armed[] = [];
  #commitsToFail = 0;
  /** Faults that last, and are not over. */
  #lasting = new Map<Fault, () => void>();

  constructor(machine: Machine, faults: readonly Fault[]) {
    this.#machine = machine;
    for (const fault of faults) this.#plan(fault);
  }

  /** For `Machine.onCall`. */
  readonly onCall: CallListener = (side, syscall, path) => {
    if (this.#armed.length === 0) return;
    const { now } = this.#machine.scheduler;
    for (const armed of this.#armed) {
      if (armed.side !== side || armed.syscall !== syscall || now < armed.from) continue;
      if (!path.includes(armed.path) || --armed.left > 0) continue;
      this.#armed = this.#armed.filter((other) => other !== armed);
      return armed.work();
    }
  };

  /** Before a commit: whether it fails. */
  takeFailingCommit(): boolean {
    if (this.#commitsToFail === 0) return false;
    this.#commitsToFail--;
    return true;
  }

  /** All is well from now on. */
  end(): void {
    this.#armed = [];
    this.#commitsToFail = 0;
    for (const stop of this.#lasting.values()) stop();
    this.#lasting.clear();
    const { network, media } = this.#machine;
    for (const host of network.hosts.values()) host.resets = 0;
    media.faults.failingSyncs = 0;
  }

  #plan(fault: Fault): void {
    const { scheduler } = this.#machine;
    const begin = (): void => {
      this.counts.set(nameOf(fault), (this.counts.get(nameOf(fault)) ?? 0) + 1);
      this.#begin(fault);
    };
    if ('when' in fault && !('at' in fault.when)) {
      this.#armed.push({ ...fault.when, left: fault.when.nth, work: begin });
      return;
    }
    const at = 'when' in fault ? (fault.when as { at: number }).at : fault.at;
    scheduler.schedule(at, null, begin);
  }

  #begin(fault: Fault): void {
    const machine = this.#machine;
    const { network, media, scheduler, wall, trace } = machine;
    trace.add(scheduler.now, `fault ${JSON.stringify(fault)}`);
    switch (fault.kind) {
      case 'kill':
        return machine.kill(fault.downMs);
      case 'cut':
        return machine.cut(fault.downMs);
      case 'stop':
        return machine.stop(fault.downMs);
      case 'network':
        network.way = fault.way;
        network.breakConnections(null, fault.resets);
        return this.#last(fault, () => (network.way = 'up'));
      case 'slow':
        network.slowness = fault.factor;
        return this.#last(fault, () => (network.slowness = 1));
      case 'host': {
        const host = network.hosts.get(fault.host);
        if (host === undefined) return;
        host.mode = fault.mode;
        network.breakConnections(host, fault.resets);
        return this.#last(fault, () => (host.mode = 'up'));
      }
      case 'resets': {
        const host = network.hosts.get(fault.host);
        if (host !== undefined) host.resets += fault.count;
        return;
      }
      case 'disk':
        return this.#breakDisk(fault);
      case 'unplugged':
        // Nothing can be told of a disk that goes before it was ever seen.
        if (!machine.hasStarted || machine.disk.mounts.every(({ fs }) => fs !== media)) return;
        machine.unplug();
        return this.#last(fault, () => machine.plugIn());
      case 'failing-sync':
        media.faults.failingSyncs++;
        return;
      case 'failing-commit':
        this.#commitsToFail++;
        return;
      case 'work-removed':
        return this.#removeWork();
      case 'clock':
        wall.offsetMs += fault.byMs;
        return;
    }
  }

  #breakDisk(fault: Extract<Fault, { kind: 'disk' }>): void {
    const { faults, free } = this.#machine.media;
    switch (fault.how) {
      case 'full':
        faults.occupied += free;
        return this.#last(fault, () => (faults.occupied = 0));
      case 'read-only':
        faults.isReadOnly = true;
        return this.#last(fault, () => (faults.isReadOnly = false));
      case 'denied':
        faults.isDenied = true;
        return this.#last(fault, () => (faults.isDenied = false));
      case 'io-errors':
        faults.ioErrors = 0.3;
        return this.#last(fault, () => (faults.ioErrors = 0));
    }
  }

  #last(fault: Fault & { forMs: number }, end: () => void): void {
    const { scheduler, trace } = this.#machine;
    this.#lasting.get(fault)?.();
    const stop = (): void => {
      trace.add(scheduler.now, `over: ${nameOf(fault)}`);
      end();
    };
    this.#lasting.set(fault, stop);
    scheduler.schedule(fault.forMs, null, () => {
      if (this.#lasting.delete(fault)) stop();
    });
  }

  #removeWork(): void {
    const { disk } = this.#machine;
    const remove = (path: string): void => {
      for (const { name, inode } of disk.readdir(path)) {
        if (inode.kind === 'dir') {
          remove(`${path}/${name}`);
          disk.rmdir(`${path}/${name}`);
        } else if (name !== 'root.json') disk.unlink(`${path}/${name}`);
      }
    };
    try {
      remove(`${DOWNLOAD_DIR}/.sluice`);
    } catch {
      // The disk is away, or read-only.
    }
  }
}

export function nameOf(fault: Fault): string {
  if (fault.kind === 'disk') return `disk ${fault.how}`;
  if (fault.kind === 'network') return `network ${fault.way}`;
  if (fault.kind === 'host') return `host ${fault.mode}`;
  return fault.kind;
}
