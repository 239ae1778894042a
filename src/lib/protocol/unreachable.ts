/** Hosts that cannot be reached: nothing was sent to them, and nothing of theirs is known to be wrong. */
import { type ErrorCode, type ErrorDetails, SluiceError } from './error.ts';

/**
 * How an attempt to reach a host ended. `no_route`: this machine has no way there. `no_dns`: no name server answered.
 * `no_name`: one did, and there is no such name. `refused` and `timed_out`: at every address of the host.
 */
export type Obstacle = 'no_route' | 'no_dns' | 'no_name' | 'refused' | 'timed_out';

const CODES: Record<Obstacle, ErrorCode> = {
  no_route: 'connect_failed',
  no_dns: 'dns_failed',
  no_name: 'dns_failed',
  refused: 'connect_failed',
  timed_out: 'timeout',
};

export interface Unreachable {
  /** As `authorityOf`. */
  host: string;
  obstacle: Obstacle;
  /** Other connections to this host are open: it may take no more of them. */
  isConnected?: boolean;
}

/** `dns_failed`, `connect_failed` or `timeout`: no connection came about. */
export class UnreachableError extends SluiceError {
  readonly unreachable: Unreachable;

  constructor(unreachable: Unreachable, message?: string, details?: ErrorDetails) {
    super(CODES[unreachable.obstacle], message, details);
    this.unreachable = unreachable;
  }
}

/** What a download waits for when its host, or the whole network, is away. */
export interface Away {
  /** When it was first found away, ms since 1970. */
  since: number;
  /** As `authorityOf`: the host that could not be reached, which a redirect may have led to. */
  host: string;
  /** Without a network: no other host is worth a try either. */
  everyone?: true;
}

/** Connects to a host and lets go of it again; rejects when it cannot. */
export type Probe = (host: string, signal: AbortSignal) => Promise<void>;

/** `network_down` or `host_away`: known already, so nothing was dialled; `network_login`: a portal answered in its place. */
export class AwayError extends SluiceError {
  readonly away: Away;

  constructor(
    code: 'network_down' | 'host_away' | 'network_login',
    message: string,
    away: Away,
    details: ErrorDetails,
  ) {
    super(code, message, details);
    this.away = away;
  }
}

/** Whether a failure is that of `AwayError`, also after it came over a wire. */
export function isAway({ code }: { code: ErrorCode }): boolean {
  return code === 'network_down' || code === 'host_away' || code === 'network_login';
}

/** Whether no other host is worth a try: there is no network, or a login page answers in place of each. */
export function affectsAllHosts(thrown: unknown): boolean {
  return thrown instanceof AwayError && thrown.away.everyone === true;
}

/** What is asked before a host is dialled, and learns what came of it. */
export interface DialGate {
  /** Why it should not be dialled now; null = it may. */
  refusal(host: string): AwayError | null;
  /** A name server gave addresses for this name. */
  resolved(name: string): void;
  answered(host: string): void;
  failed(unreachable: Unreachable): void;
}

/** `host:port` of an address, as a parsed URL spells the host: what is reached, or not, as one. null = not a web address. */
export function authorityOf(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || url.hostname === '') return null;
  return `${url.hostname}:${url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : url.port}`;
}

/** @param host a name or an address, IPv6 with or without brackets */
export function authority(host: string, port: number): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The host of an authority, without its port. */
export function hostnameOf(of: string): string {
  return of.slice(0, of.lastIndexOf(':'));
}
