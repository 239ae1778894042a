/** Errors over HTTP: RFC 9457 problem details, with our stable `code` as an extension member. */
import type { PlainAnswer } from './answer.ts';
import { type ErrorCode, ERRORS, type ErrorView, toSluiceError } from './error.ts';
import { MethodNotAllowed } from './request.ts';

/** Has the remedies. A relative reference: it names a file of this project, not an address to fetch. */
const HELP_PAGE = 'docs/errors.md';

export const PROBLEM_TYPE = 'application/problem+json';

export interface Problem {
  /** A URI reference: the code's section in docs/errors.md. */
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  /** One sentence about this occurrence. */
  detail: string;
  page?: ErrorView['page'];
}

/** What is not a SluiceError becomes `internal_error` and reveals nothing. */
export function problemOf(thrown: unknown): Problem {
  const error = toSluiceError(thrown);
  const { message: detail, code, ...more } = error.view;
  const { status, title } = ERRORS[code];
  return { type: `${HELP_PAGE}#${code}`, title, status, code, detail, ...more };
}

/** The headers of an error response: RFC 9110, sections 10.2.1, 10.2.3 and 11.6.1. */
export function problemHeaders(thrown: unknown): Record<string, string> {
  const error = toSluiceError(thrown);
  const headers: Record<string, string> = { 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store' };
  if (error.code === 'unauthorized') headers['www-authenticate'] = 'Bearer realm="sluice"';
  if (error instanceof MethodNotAllowed) headers['allow'] = error.allow;
  const waitMs = error.retryAfterMs ?? (error.status === 429 || error.status === 503 ? 1000 : null);
  if (waitMs !== null) headers['retry-after'] = String(Math.max(1, Math.ceil(waitMs / 1000)));
  return headers;
}

/** @param headers added to those of the error */
export function problemAnswer(thrown: unknown, headers: Record<string, string> = {}): PlainAnswer {
  const problem = problemOf(thrown);
  return {
    status: problem.status,
    headers: { ...problemHeaders(thrown), ...headers },
    body: JSON.stringify(problem),
  };
}
