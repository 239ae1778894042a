import { type ErrorCode, type ErrorView, toSluiceError, type SluiceError } from '../protocol/error.ts';
import { redact } from '../protocol/redact.ts';
import type { RunnerFailure } from '../protocol/runner.ts';
import { AwayError } from '../protocol/unreachable.ts';
import { namesBytes } from '../annie/http/head/names.ts';
import { asDiskError } from '../files/disk-error.ts';

/** The failure without stack or path, as events carry it. */
export function toFailure(thrown: unknown): RunnerFailure {
  const error = toKnownError(thrown);
  return {
    ...redactedView(error),
    transient: error.transient,
    retryAfterMs: error.retryAfterMs,
    ...(error instanceof AwayError ? { away: error.away } : {}),
  };
}

/** What is stored and shown of an error. Its message may quote an engine, or an address with a secret in it. */
export function redactedView(error: SluiceError): ErrorView {
  return { ...error.view, message: redact(error.message) };
}

/** How servers refuse one connection more than they allow: by a response, or by what they do to the connection. */
const REFUSALS: readonly ErrorCode[] = [
  ...(['remote_busy', 'connect_failed', 'connection_lost', 'timeout'] as const),
  // By 403 and 5xx, as file hosts do; the second is what 403 is of a link that has worked.
  ...(['remote_denied', 'remote_link_used', 'remote_error'] as const),
];
/** By a page that says so, or a redirect to one: of an address that names a file. */
const PAGES: readonly ErrorCode[] = ['no_media', 'login_required', 'too_many_redirects', 'unsupported_url'];

/** Of an attempt. `hasReceived`: bytes of the file came before it failed. */
export function mayBeHostLimit(
  { code }: RunnerFailure,
  { hasReceived, job: { url } }: { hasReceived: boolean; job: { url: string } },
): boolean {
  if (code === 'remote_busy') return true;
  return !hasReceived && (REFUSALS.includes(code) || (PAGES.includes(code) && namesBytes(url)));
}

/** Unknown errors become `internal_error`. */
export function toKnownError(thrown: unknown): SluiceError {
  return asDiskError(thrown) ?? toSluiceError(thrown);
}

/** Output as events carry it: absent when nothing was printed. */
export function optionalOutput(output = ''): { output?: string } {
  return output === '' ? {} : { output };
}
