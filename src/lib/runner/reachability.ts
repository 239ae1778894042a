/**
 * What the gate knows, for jobs: whether one may begin, and what a failure means while the network or a host is away.
 * What is away is probed here, one connection at a time; the sessions that were refused are notified when it is back.
 */
import { dropOldest } from '../protocol/drop-oldest.ts';
import { SluiceError } from '../protocol/error.ts';
import { isLocalHost } from '../protocol/local-host.ts';
import {
  authorityOf,
  AwayError,
  type DialGate,
  hostnameOf,
  type Obstacle,
  type Probe,
  UnreachableError,
} from '../protocol/unreachable.ts';
import { type RunnerClock, startTimer, systemRunnerClock } from './clock.ts';
import { HostGate, MAX_HOSTS } from './host-gate.ts';
import type { DialRefusal } from './probe-waits.ts';

interface ReachabilityOptions {
  clock?: RunnerClock;
  /** ms since 1970. */
  wallNow?: () => number;
}

interface ReachabilityUser {
  /** null = nothing is probed: after the wait, attempts are let through. */
  probe: Probe | null;
  /** `host` can be reached again, for which `session` was refused; null = the network can, and all that was refused. */
  onReachable: (session: string, host: string | null) => void;
}

/** A probe that has not ended by then has failed: as long as the guard gives a connection, and a name server half of it. */
const PROBE_TIMEOUT_MS = 20_000;
/** How a transfer ends when the network goes in the middle of it. */
const LOSSES: readonly string[] = [
  'connection_lost',
  'connect_failed',
  'dns_failed',
  'engine_stalled',
  'timeout',
  'size_mismatch',
];

export class Reachability {
  readonly #clock: RunnerClock;
  readonly #wallNow: () => number;
  /** Hosts of the own network need no way to the internet: they are judged apart. */
  readonly #gates: Record<'internet' | 'local', HostGate>;
  #user: ReachabilityUser = { probe: null, onReachable: () => undefined };
  /** Sessions that were refused a host and not notified yet that it is back, by host. */
  readonly #refused = new Map<string, Set<string>>();
  #stopTimer: (() => void) | null = null;
  #probing: AbortController | null = null;
  #isClosed = false;

  constructor({ clock = systemRunnerClock, wallNow = Date.now }: ReachabilityOptions = {}) {
    this.#clock = clock;
    this.#wallNow = wallNow;
    const gateOf = (isLocal: boolean): HostGate =>
      new HostGate({ now: () => clock.now(), onOpen: (host) => this.#onOpen(host, isLocal) });
    this.#gates = { internet: gateOf(false), local: gateOf(true) };
  }

  /** To be called once, by the owner of the jobs. */
  start(user: ReachabilityUser): void {
    this.#user = user;
    for (const gate of this.#both) gate.isProbed = user.probe !== null;
  }

  /** Why a job for `url` should not begin now; null = it may. */
  refusal(session: string, url: string): AwayError | null {
    const host = authorityOf(url);
    const refusal = host === null ? null : this.#gateOf(host).refusal(host);
    return host === null || refusal === null ? null : this.#refuse(session, host, refusal);
  }

  /** Whether a job for this host would be refused now. */
  isAway(host: string): boolean {
    return this.#gateOf(host).closed(host) !== null;
  }

  /** What the guard asks and reports. Its dials fail with `network_down` and `host_away` too. */
  readonly dials: DialGate = {
    refusal: (host) => {
      const refusal = this.#gateOf(host).refusal(host);
      return refusal === null ? null : this.#errorOf(host, refusal);
    },
    resolved: (name) => this.#both.forEach((gate) => gate.resolved(name)),
    answered: (host) => this.#gateOf(host).answered(host),
    failed: ({ host, obstacle, isConnected = false }) => {
      if (!isOneTooMany(obstacle, isConnected)) this.#gateOf(host).failed(host, obstacle);
    },
  };

  /**
   * The cause of a failure: `thrown`, or `network_down` or `host_away` when that explains it. A name that does not exist
   * while others do is `dns_failed` for good.
   */
  explain(session: string, url: string, thrown: unknown): unknown {
    if (thrown instanceof AwayError) {
      this.#recordRefused(session, thrown.away.host);
      this.#schedule();
      return thrown;
    }
    if (thrown instanceof UnreachableError) {
      const { host, obstacle, isConnected = false } = thrown.unreachable;
      const gate = this.#gateOf(host);
      if (obstacle === 'no_name' && gate.isNameUnknown(host)) {
        return new SluiceError('dns_failed', thrown.message, { transient: false, cause: thrown });
      }
      // An engine that dials by itself has not reported it.
      if (!isOneTooMany(obstacle, isConnected)) gate.failed(host, obstacle);
      this.#schedule();
      return this.#closed(session, host) ?? thrown;
    }
    if (!(thrown instanceof SluiceError) || !LOSSES.includes(thrown.code)) return thrown;
    return this.#closed(session, authorityOf(url)) ?? thrown;
  }

  /**
   * Bytes came, of this address or of what it led to. So the network is there; that a host which is away has come back
   * is for dials and probes to say, as the bytes may be another's.
   */
  received(url: string): void {
    const host = authorityOf(url);
    if (host === null) return;
    const gate = this.#gateOf(host);
    if (gate.network.state === 'down' || gate.stateOf(host).state !== 'away') gate.answered(host);
  }

  /** A person waits for an answer: the next probe of the network is due at once. */
  probeSoon(): void {
    for (const gate of this.#both) gate.probeSoon();
    this.#schedule();
  }

  close(): void {
    this.#isClosed = true;
    this.#stopTimer?.();
    this.#probing?.abort(new SluiceError('not_ready'));
  }

  /** As `refusal`, but lets nothing through. */
  #closed(session: string, host: string | null): AwayError | null {
    const refusal = host === null ? null : this.#gateOf(host).closed(host);
    return host === null || refusal === null ? null : this.#refuse(session, host, refusal);
  }

  #refuse(session: string, host: string, refusal: DialRefusal): AwayError {
    this.#recordRefused(session, host);
    this.#schedule();
    return this.#errorOf(host, refusal);
  }

  #recordRefused(session: string, host: string): void {
    const sessions = this.#refused.get(host) ?? new Set();
    sessions.add(session);
    this.#refused.set(host, sessions);
    // Those of the oldest host are not notified: they retry when their own wait is over.
    dropOldest(this.#refused, MAX_HOSTS);
  }

  #errorOf(host: string, { code, since: sinceMs, retryAfterMs, everyone }: DialRefusal): AwayError {
    const since = Math.round(this.#wallNow() - (this.#clock.now() - sinceMs));
    const what = code === 'network_down' ? 'No network' : `${host} cannot be reached`;
    const message = `${what} since ${timeOf(since)}; next try in ${Math.ceil(retryAfterMs / 1000)} s.`;
    const away = { since, host, ...(everyone ? { everyone } : {}) };
    return new AwayError(code, message, away, { retryAfterMs });
  }

  #schedule(): void {
    const { probe } = this.#user;
    const clock = this.#clock;
    if (probe === null || this.#isClosed || this.#probing !== null) return;
    this.#stopTimer?.();
    this.#stopTimer = null;
    const due = this.#both.flatMap((gate) => gate.nextProbe() ?? []).sort((a, b) => a.at - b.at);
    const [next] = due;
    if (next === undefined) return;
    this.#stopTimer = startTimer(
      clock,
      Math.max(0, next.at - clock.now()),
      () => void this.#probe(probe, next.host),
    );
  }

  async #probe(probe: Probe, host: string): Promise<void> {
    const controller = new AbortController();
    this.#probing = controller;
    const stopTimer = startTimer(this.#clock, PROBE_TIMEOUT_MS, () =>
      controller.abort(new SluiceError('timeout')),
    );
    try {
      await probe(host, controller.signal);
    } catch {
      // Reported to the gate, where it says anything of the host.
    }
    stopTimer();
    this.#probing = null;
    if (this.#isClosed) return;
    this.#gateOf(host).probed(host);
    this.#schedule();
  }

  get #both(): HostGate[] {
    return Object.values(this.#gates);
  }

  #gateOf(host: string): HostGate {
    return isLocalHost(hostnameOf(host)) ? this.#gates.local : this.#gates.internet;
  }

  #onOpen(host: string | null, isLocal: boolean): void {
    const back = [...this.#refused.keys()].filter((other) =>
      host === null ? isLocalHost(hostnameOf(other)) === isLocal : other === host,
    );
    const sessions = back.map((other) => this.#refused.get(other) ?? []);
    for (const other of back) this.#refused.delete(other);
    for (const session of new Set(sessions.flatMap((some) => [...some])))
      this.#user.onReachable(session, host);
    this.#schedule();
  }
}

/** A host that serves others refuses one more: that says nothing of the network. */
function isOneTooMany(obstacle: Obstacle, isConnected: boolean): boolean {
  return isConnected && (obstacle === 'refused' || obstacle === 'timed_out');
}

/** `14:02`, as the clocks of this machine show it. */
function timeOf(ms: number): string {
  return new Date(ms).toTimeString().slice(0, 5);
}
