/**
 * Pages of other origins may call the API with a token. A browser never adds one by itself, as it does with cookies: who sends
 * it has it, so nobody acts in another's name. If a token is sent, cookies are ignored (`credentials.ts`).
 */
import { paths } from '../protocol/paths.ts';
import type { ApiAnswer } from './api-answer.ts';
import type { NodeHeaders } from './headers.ts';

/** Those that are authorized by a token and by nothing else. */
const TOKEN_PATHS = [paths.downloads, paths.parse, paths.engines, paths.devices];

/** As long as Chromium remembers a preflight, s. Source: the Fetch standard leaves it to browsers; MDN has their limits. */
const MAX_AGE_SECONDS = 7200;

/** `*`: not with credentials, so never in answer to a cookie. */
const ANY_ORIGIN = { 'access-control-allow-origin': '*' };

/** A request that carries a token, to a path where that counts alone. */
export function isTokenCall(path: string, { authorization }: NodeHeaders): boolean {
  return typeof authorization === 'string' && /^Bearer /i.test(authorization) && isTokenPath(path);
}

/** Asks whether a page may call. It carries no token. Source: Fetch standard, CORS-preflight fetch. */
export function isPreflight(method: string, path: string, headers: NodeHeaders): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined && isTokenPath(path);
}

export const PREFLIGHT_ANSWER: ApiAnswer = {
  status: 204,
  headers: {
    ...ANY_ORIGIN,
    'access-control-allow-methods': 'GET, HEAD, POST, DELETE',
    'access-control-allow-headers': 'authorization, content-type',
    'access-control-max-age': String(MAX_AGE_SECONDS),
  },
  body: null,
};

/** An answer that the page may read. */
export function readableAnywhere(answer: ApiAnswer): ApiAnswer {
  const headers = { ...answer.headers, ...ANY_ORIGIN, 'access-control-expose-headers': 'retry-after' };
  return { ...answer, headers };
}

function isTokenPath(path: string): boolean {
  return TOKEN_PATHS.some((known) => path === known || path.startsWith(`${known}/`));
}
