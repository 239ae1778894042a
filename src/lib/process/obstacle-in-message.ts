/** What kept an engine that dials by itself from reaching a host, by its words: Python's and Go's, which are strerror's. */
import type { SluiceError } from '../protocol/error.ts';
import type { Obstacle } from '../protocol/unreachable.ts';

/** "Temporary failure in name resolution" is EAI_AGAIN; "server misbehaving" and "i/o timeout" are Go's. */
const NO_DNS =
  /Temporary failure in name resolution|server misbehaving|i\/o timeout|\b(dns_failed|timed out)\b/i;
const NO_ROUTE = /(network|host) is (unreachable|down)|no route to host|\[Errno (101|113)\]/i;
/** A connection there was: the server was slow on it. */
const IN_READING = /\bread\b|handshake|body|awaiting headers/i;

/** null = something else, or not known to be one. */
export function obstacleInMessage({ code, message }: Pick<SluiceError, 'code' | 'message'>): Obstacle | null {
  switch (code) {
    case 'dns_failed':
      return NO_DNS.test(message) ? 'no_dns' : 'no_name';
    case 'connect_failed':
      return NO_ROUTE.test(message) ? 'no_route' : 'refused';
    case 'timeout':
      return IN_READING.test(message) ? null : 'timed_out';
    default:
      return null;
  }
}
