/** When a host or network that is away is probed again, and the refusal until then. */
import type { Obstacle } from '../protocol/unreachable.ts';

/** Without a network: the wait before the first probe, doubled up to the second. */
export const NETWORK_PROBE_MS = [5_000, 60_000] as const;
/** One host: a server that restarts is back in a second or two; one that was switched off in hours. */
export const HOST_PROBE_MS = [1_000, 300_000] as const;

export interface DialRefusal {
  code: 'network_down' | 'host_away';
  /** When it was first found away, on the gate's clock. */
  since: number;
  /** Until the next probe, ms ≥ 0. */
  retryAfterMs: number;
  /** As in `NetworkState`. */
  everyone: boolean;
}

/** The cause is this machine or its network, and no host. */
export function isNetworkFault(obstacle: Obstacle): boolean {
  return obstacle === 'no_route' || obstacle === 'no_dns';
}

export function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

export function delayMs([first, last]: readonly [number, number], probes: number): number {
  return Math.min(last, first * 2 ** Math.min(probes, 16));
}

export function dialRefusal(
  code: DialRefusal['code'],
  { since, until, everyone = false }: { since: number; until: number; everyone?: boolean },
  now: number,
): DialRefusal {
  return { code, since, retryAfterMs: Math.max(0, until - now), everyone };
}
