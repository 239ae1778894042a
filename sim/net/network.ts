/** The network of the simulated world: hosts, the ways to them, what is wrong with both, and the files that are served. */
import type { Random } from '../world/random.ts';
import type { Scheduler } from '../world/scheduler.ts';
import type { RemoteFile } from './remote-file.ts';

/** Of this machine's own network. `silent`: packets vanish. */
export type Way = 'up' | 'no-route' | 'no-dns' | 'silent';
/** Of one host. */
export type HostMode = 'up' | 'refuses' | 'silent' | 'no-name' | 'busy' | 'broken';

export interface Host {
  name: string;
  address: string;
  mode: HostMode;
  bytesPerMs: number;
  delayMs: number;
  /** Connections that are still to be reset in the middle of a body. */
  resets: number;
}

/** Something that a change of the network may break. */
export interface Connection {
  host: Host;
  /** ECONNRESET. */
  reset(): void;
}

export class Network {
  way: Way = 'up';
  /** Every transfer takes so many times as long. */
  slowness = 1;
  readonly hosts = new Map<string, Host>();
  readonly files = new Map<string, RemoteFile>();
  readonly connections = new Set<Connection>();
  /** Bytes of bodies that were delivered, by address. */
  readonly delivered = new Map<string, number>();
  readonly scheduler: Scheduler;
  readonly random: Random;

  constructor(scheduler: Scheduler, random: Random) {
    this.scheduler = scheduler;
    this.random = random;
  }

  addHost(name: string, bytesPerMs: number, delayMs: number): void {
    const address = `93.184.${this.hosts.size}.34`;
    this.hosts.set(name, { name, address, mode: 'up', bytesPerMs, delayMs, resets: 0 });
  }

  addFile(file: RemoteFile): void {
    this.files.set(file.url, file);
  }

  hostAt(address: string): Host | null {
    for (const host of this.hosts.values()) if (host.address === address) return host;
    return null;
  }

  /** Whether bytes of this host arrive now. */
  isFlowing({ mode }: Host): boolean {
    const isUp = this.way === 'up' || this.way === 'no-dns';
    return isUp && (mode === 'up' || mode === 'no-name' || mode === 'busy' || mode === 'broken');
  }

  /** Some of the open connections learn of a change by a reset, the others never. */
  breakConnections(host: Host | null, share: number): void {
    for (const connection of [...this.connections]) {
      if (host !== null && connection.host !== host) continue;
      if (this.random.chance(share)) connection.reset();
    }
  }

  count(url: string, bytes: number): void {
    this.delivered.set(url, (this.delivered.get(url) ?? 0) + bytes);
  }
}

export function codedError(code: string, message = code): Error {
  return Object.assign(new Error(message), { code });
}
