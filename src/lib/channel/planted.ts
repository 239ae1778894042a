import type { IncomingHttpHeaders } from 'node:http';
import { SluiceError } from '../protocol/error.ts';
import { removePlantedCookies } from './cookie.ts';
import { PROTOCOL_HEADER } from './headers.ts';
import { isCrossOrigin } from './origin.ts';

/** Headers of the answer to a request that failed: where two cookies named a session, they remove those that are not ours. */
export function plantedCookieHeaders(
  thrown: unknown,
  path: string,
  headers: IncomingHttpHeaders,
): { 'set-cookie'?: string[] } {
  const isOurs = thrown instanceof SluiceError && thrown.code === 'two_sessions';
  const site: unknown = headers['sec-fetch-site'];
  if (!isOurs || isCrossOrigin(typeof site === 'string' ? site : undefined)) return {};
  return { 'set-cookie': removePlantedCookies(path, headers.host, headers[PROTOCOL_HEADER] === 'https') };
}
