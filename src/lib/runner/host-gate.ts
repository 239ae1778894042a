/**
 * Which hosts can be reached, for all sessions together. From the outcome of each dial it concludes whether one host or the
 * whole network is away, and when the next try is due. Pure: times come from the clock that it is given.
 */
import { dropOldest } from '../protocol/drop-oldest.ts';
import { hostnameOf, type Obstacle } from '../protocol/unreachable.ts';
import {
  delayMs,
  HOST_PROBE_MS,
  isLoopbackName,
  isNetworkFault,
  NETWORK_PROBE_MS,
  type DialRefusal,
  dialRefusal,
} from './probe-waits.ts';

/** Hosts tried within this time are what "every host" means. */
const RECENT_MS = 30_000;
/** Where this machine has no route, or no name server answers, only an answer as recent as this shows a network. */
const FRESH_MS = 5_000;
/** An attempt let through to try another host takes this long at most: a connect timeout and a name's. */
const TRIAL_MS = 20_000;
/** A host that no job has needed for this long is no longer probed. */
const FORGOTTEN_MS = 3_600_000;
/** Hosts remembered; those that are reachable are forgotten first. */
export const MAX_HOSTS = 1_000;

/** Of one host; `limited`, the third, is in `host-limits.ts`. Times are on the gate's clock, in ms. */
type HostState = { state: 'open' } | { state: 'away'; since: number; until: number; probes: number };

/** Of the network. `everyone`: no host is tried; otherwise those that were not tried since it went down are. */
type NetworkState =
  { state: 'up' } | { state: 'down'; since: number; until: number; probes: number; everyone: boolean };

interface Host {
  status: HostState;
  answeredAt: number;
  failedAt: number;
  /** When the failures since its last answer began. */
  failingSince: number;
  obstacle: Obstacle;
  neededAt: number;
  probedAt: number;
}

interface HostGateOptions {
  /** ms, monotonic. */
  now: () => number;
  /** Called when a host can be reached again; null = the network, and with it every host. */
  onOpen?: (host: string | null) => void;
}

/** Hosts are named by `authorityOf`. */
export class HostGate {
  readonly #now: () => number;
  readonly #hosts = new Map<string, Host>();
  /** Names that were resolved last, with the time; not `localhost`, which needs no network. */
  readonly #resolved = new Map<string, number>();
  #network: NetworkState = { state: 'up' };
  /** The host that was let through last while the network is down. */
  #trial: { host: string; at: number } | null = null;
  #neededAt = -Infinity;
  /** When the network was last found back. */
  #openedAt = -Infinity;
  /** Set where something probes what is away: until it is reached nothing else is let through. */
  isProbed = false;
  onOpen: (host: string | null) => void;

  constructor({ now, onOpen = () => undefined }: HostGateOptions) {
    this.#now = now;
    this.onOpen = onOpen;
  }

  get network(): NetworkState {
    return this.#network;
  }

  stateOf(host: string): HostState {
    return this.#hosts.get(host)?.status ?? { state: 'open' };
  }

  /** Whether an attempt may begin that would dial `host`; null = it may. */
  refusal(host: string): DialRefusal | null {
    const now = this.#now();
    const network = this.#network;
    const known = this.#hosts.get(host);
    if (known) known.neededAt = now;
    if (network.state === 'down') {
      this.#neededAt = now;
      if (this.#letThrough(now, network.until)) return null;
      if (!network.everyone && this.#mayTry(host, network.since, now)) return null;
      return dialRefusal('network_down', network, now);
    }
    if (known?.status.state !== 'away' || this.#letThrough(now, known.status.until)) return null;
    return dialRefusal('host_away', known.status, now);
  }

  /** As `refusal`, but lets no attempt through, and does not count as a need for the host. */
  closed(host: string): DialRefusal | null {
    const now = this.#now();
    if (this.#network.state === 'down') return dialRefusal('network_down', this.#network, now);
    const status = this.stateOf(host);
    return status.state === 'away' ? dialRefusal('host_away', status, now) : null;
  }

  /** One at a time, hosts that were not tried since the network went down. */
  #mayTry(host: string, since: number, now: number): boolean {
    const trial = this.#trial;
    if (trial !== null && now - trial.at <= TRIAL_MS) return trial.host === host;
    if (this.#hasFailed(host, since)) return false;
    this.#trial = { host, at: now };
    return true;
  }

  /** Where nothing probes, attempts are let through once the wait is over. */
  #letThrough(now: number, until: number): boolean {
    return !this.isProbed && now >= until;
  }

  /** A name server gave an address for this name. */
  resolved(name: string): void {
    if (isLoopbackName(name)) return;
    this.#resolved.delete(name);
    this.#resolved.set(name, this.#now());
    // Two are enough for one of them to be another than the host in question.
    dropOldest(this.#resolved, 2);
  }

  /** Whether another name than this host's was resolved lately: then it does not exist, whatever the network does. */
  isNameUnknown(host: string): boolean {
    const [now, name] = [this.#now(), hostnameOf(host)];
    return [...this.#resolved].some(([other, at]) => other !== name && now - at <= RECENT_MS);
  }

  /** A connection to it was made, or bytes came from it. */
  answered(host: string): void {
    const now = this.#now();
    const known = this.#track(host);
    const wasAway = known.status.state === 'away';
    known.answeredAt = now;
    known.status = { state: 'open' };
    if (this.#network.state === 'down') {
      this.#network = { state: 'up' };
      this.#trial = null;
      this.#openedAt = now;
      // What was found away meanwhile says nothing of those hosts.
      for (const other of this.#hosts.values()) other.status = { state: 'open' };
      this.onOpen(null);
    } else if (wasAway) this.onOpen(host);
  }

  failed(host: string, obstacle: Obstacle): void {
    const now = this.#now();
    if (obstacle === 'no_name' && this.isNameUnknown(host)) return;
    const known = this.#track(host);
    if (known.failedAt <= known.answeredAt) known.failingSince = now;
    known.failedAt = now;
    known.obstacle = obstacle;
    if (this.#trial?.host === host) this.#trial = null;
    if (this.#network.state === 'down') this.#stayDown(this.#network, now);
    else if (this.#isNetworkGone(now)) this.#goDown(now);
    // A name that is not there is no host that comes back.
    else if (obstacle !== 'no_name') this.#setAway(known, now);
  }

  /** When a probe is due, and of what; null = nothing is away. Of several the earliest. */
  nextProbe(): { host: string; at: number } | null {
    const now = this.#now();
    const network = this.#network;
    if (network.state === 'down') {
      if (now - Math.max(this.#neededAt, network.since) > FORGOTTEN_MS) {
        this.#network = { state: 'up' };
        return null;
      }
      const host = this.#nextToProbe();
      return host === null ? null : { host, at: network.until };
    }
    let next: { host: string; at: number } | null = null;
    for (const [host, known] of this.#hosts) {
      if (known.status.state !== 'away') continue;
      if (now - Math.max(known.neededAt, known.status.since) > FORGOTTEN_MS) known.status = { state: 'open' };
      else if (next === null || known.status.until < next.at) next = { host, at: known.status.until };
    }
    return next;
  }

  /** A probe of `host` has ended, with any result: what is still away is not probed again at once. */
  probed(host: string): void {
    const now = this.#now();
    const known = this.#track(host);
    known.probedAt = now;
    if (this.#network.state === 'down') this.#stayDown(this.#network, now);
    else if (known.status.state === 'away') this.#setAway(known, now);
  }

  /** A person waits: the next probe is due now, unless a dial has failed just before. */
  probeSoon(): void {
    const network = this.#network;
    if (network.state !== 'down') return;
    const now = this.#now();
    const newest = [...this.#hosts.values()].reduce((at, { failedAt }) => Math.max(at, failedAt), -Infinity);
    if (now - newest > NETWORK_PROBE_MS[0]) this.#network = { ...network, until: now };
  }

  /** Every host that was tried lately has failed at its last try, and the hosts cannot be the cause. */
  #isNetworkGone(now: number): boolean {
    // A host that has been away for long is no sign of what is happening now.
    const failing = this.#failing(now - RECENT_MS).filter(([, host]) => host.failingSince >= now - RECENT_MS);
    const isCertain = failing.some(([, { obstacle }]) => isNetworkFault(obstacle));
    const window = isCertain ? FRESH_MS : RECENT_MS;
    for (const { answeredAt, failedAt } of this.#hosts.values()) {
      if (answeredAt >= failedAt && now - answeredAt <= window) return false;
    }
    return isCertain || countNames(failing) >= 2;
  }

  #setAway(known: Host, now: number): void {
    const { status } = known;
    if (status.state === 'away' && now < status.until) return;
    const probes = status.state === 'away' ? status.probes + 1 : 0;
    const since = status.state === 'away' ? status.since : Math.max(known.failingSince, this.#openedAt);
    known.status = { state: 'away', since, probes, until: now + delayMs(HOST_PROBE_MS, probes) };
  }

  #goDown(now: number): void {
    const since = Math.min(...this.#failing(now - RECENT_MS).map(([, host]) => host.failingSince));
    const everyone = this.#isEveryHostAway(now);
    this.#network = { state: 'down', since, until: now + NETWORK_PROBE_MS[0], probes: 0, everyone };
    this.#neededAt = now;
  }

  #stayDown(network: Extract<NetworkState, { state: 'down' }>, now: number): void {
    const everyone = network.everyone || this.#isEveryHostAway(now);
    if (now < network.until) {
      this.#network = { ...network, everyone };
      return;
    }
    const probes = network.probes + 1;
    this.#network = { ...network, everyone, probes, until: now + delayMs(NETWORK_PROBE_MS, probes) };
  }

  /** Two hosts at least fail, one of them by the network's fault: a third would fail too. */
  #isEveryHostAway(now: number): boolean {
    const failing = this.#failing(now - RECENT_MS);
    return countNames(failing) >= 2 && failing.some(([, { obstacle }]) => isNetworkFault(obstacle));
  }

  #failing(from: number): [string, Host][] {
    return [...this.#hosts].filter(
      ([, { failedAt, answeredAt }]) => failedAt > answeredAt && failedAt >= from,
    );
  }

  #hasFailed(host: string, since: number): boolean {
    const known = this.#hosts.get(host);
    return known !== undefined && known.failedAt >= since && known.failedAt > known.answeredAt;
  }

  /** The host to probe: in turn, first the one that answered last. */
  #nextToProbe(): string | null {
    let best: [string, Host] | null = null;
    for (const each of this.#hosts) {
      const [, host] = each;
      if (host.failedAt <= host.answeredAt) continue;
      const [, bestHost] = best ?? each;
      const isEarlier = host.probedAt < bestHost.probedAt;
      if (isEarlier || (host.probedAt === bestHost.probedAt && host.answeredAt > bestHost.answeredAt))
        best = each;
      best ??= each;
    }
    return best?.[0] ?? null;
  }

  #track(host: string): Host {
    const known = this.#hosts.get(host);
    if (known) return known;
    if (this.#hosts.size >= MAX_HOSTS) this.#forgetOne();
    const created: Host = {
      status: { state: 'open' },
      answeredAt: -Infinity,
      failedAt: -Infinity,
      failingSince: -Infinity,
      obstacle: 'refused',
      neededAt: -Infinity,
      probedAt: -Infinity,
    };
    this.#hosts.set(host, created);
    return created;
  }

  #forgetOne(): void {
    const keys = [...this.#hosts];
    const open = keys.find(([, { status }]) => status.state === 'open') ?? keys[0];
    if (open) this.#hosts.delete(open[0]);
  }
}

function countNames(hosts: readonly [string, Host][]): number {
  return new Set(hosts.map(([host]) => hostnameOf(host))).size;
}
