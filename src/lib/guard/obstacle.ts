/** What kept a host from being reached, by the codes of the system's errors. Pure. */
import type { Obstacle } from '../protocol/unreachable.ts';

/** Of our own error where an address did not answer in time. */
export const NO_ANSWER = 'ETIMEDOUT';

/** Node's names for getaddrinfo's EAI_NONAME and EAI_NODATA, and c-ares'. What has no code is no word about the network. */
const UNKNOWN_NAME: readonly string[] = ['', 'ENOTFOUND', 'ENODATA', 'ENONAME'];
/** The kernel has no way to the address, or learnt from a router that there is none. */
const NO_ROUTE: readonly string[] = ['ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN', 'EHOSTDOWN', 'EADDRNOTAVAIL'];

/** @param thrown by the resolver; null = it gave no address */
export function obstacleOfName(thrown: unknown): Obstacle {
  return UNKNOWN_NAME.includes(codeOf(thrown)) ? 'no_name' : 'no_dns';
}

/**
 * What several addresses of one host came to. One that refuses was reached, and one that is silent may have been; that
 * there is no way to another, of IPv6 where there is none, says little then.
 */
export function obstacleOfDials(errors: readonly unknown[]): Obstacle {
  const codes = errors.map(codeOf);
  if (codes.some((code) => code !== NO_ANSWER && !NO_ROUTE.includes(code))) return 'refused';
  return codes.includes(NO_ANSWER) || codes.length === 0 ? 'timed_out' : 'no_route';
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}
