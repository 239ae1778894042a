/** What went wrong with the issuer, by code. What the library says is the cause, for the log: it names no secret. */
import { SluiceError } from '../../../protocol/error.ts';

/** Of OAuth 2.0 and OpenID Connect: nobody signed in. Source: RFC 6749, section 4.1.2.1; OpenID Connect Core, section 3.1.2.6. */
const DENIED = [
  'access_denied',
  'login_required',
  'interaction_required',
  'account_selection_required',
  'consent_required',
];
const AWAY = ['server_error', 'temporarily_unavailable'];

/** Of oauth4webapi: a time in a token is not within this server's. */
const WRONG_TIME = 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED';
/** There was no answer in time. */
const TOO_LATE = ['TimeoutError', 'AbortError'];

interface Thrown {
  name?: string;
  code?: string;
  message?: string;
  /** Of an error that the issuer answered with. */
  error?: string;
  status?: number;
  cause?: unknown;
}

/** @returns it as it is if it is one already */
export function issuerError(thrown: unknown): SluiceError {
  if (thrown instanceof SluiceError) return thrown;
  return new SluiceError(codeOf(thrown), undefined, { cause: thrown });
}

function codeOf(thrown: unknown): 'sign_in_denied' | 'issuer_away' | 'issuer_answer' | 'issuer_clock' {
  for (const each of chainOf(thrown)) {
    if (each.code === WRONG_TIME) return 'issuer_clock';
    if (each.error !== undefined && DENIED.includes(each.error)) return 'sign_in_denied';
    if (each.error !== undefined && AWAY.includes(each.error)) return 'issuer_away';
    if (statusOf(each) >= 500 || TOO_LATE.includes(each.name ?? '')) return 'issuer_away';
    // Of fetch, for all that happens to a connection. Those of the library have codes.
    if (each.name === 'TypeError' && each.code === undefined) return 'issuer_away';
  }
  return 'issuer_answer';
}

/** The cause of an answer that the library cannot use is the answer. */
function statusOf({ status, cause }: Thrown): number {
  return status ?? (cause instanceof Response ? cause.status : 0);
}

/** For the log: each cause in a few words. */
export function reasonOf(thrown: unknown): string {
  return chainOf(thrown)
    .map(({ code, error, message }) => [code, error, message].filter((part) => part !== undefined).join(' '))
    .join('; ');
}

function chainOf(thrown: unknown): Thrown[] {
  const found: Thrown[] = [];
  for (let each: unknown = thrown; each instanceof Error && found.length < MAX_CAUSES; each = each.cause)
    found.push(each as Thrown);
  return found;
}

const MAX_CAUSES = 8;
