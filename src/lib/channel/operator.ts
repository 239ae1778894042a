/**
 * The operator is whoever can read the data dir: there are no accounts. A link signed with the server's key makes a
 * browser the operator's, by a cookie that the same key signs; a request of `sluice operator` is signed too.
 */
import { paths } from '../protocol/paths.ts';
import { readCookies } from './cookie.ts';
import { Grants } from './grant.ts';

export const OPERATOR_COOKIE = 'sluice_operator';

/** Long enough to copy a link from a terminal to a browser. */
export const LINK_MS = 10 * 60_000;
export const COOKIE_MS = 12 * 60 * 60_000;
/** From when the command signs its request until the server has it. */
export const REQUEST_MS = 60_000;

export class Operators {
  readonly #grants: Grants;

  /** @param key the server's, as for `Tokens` */
  constructor(key: Uint8Array, now?: () => number) {
    this.#grants = new Grants(key, now);
  }

  /** Where to sign in, below the server's origin. */
  link(): string {
    return `${paths.signIn}?grant=${this.#grants.sign('operator-link', LINK_MS)}`;
  }

  /** Whether it is a link's grant: ours, and not too old. */
  isLink(grant: string): boolean {
    return this.#grants.verify('operator-link', grant) !== null;
  }

  /** @returns the Set-Cookie line for a link's grant; null for one that is not ours or too old */
  signIn(grant: string, secure: boolean): string | null {
    if (!this.isLink(grant)) return null;
    const parts = [
      `${OPERATOR_COOKIE}=${this.#grants.sign('operator-cookie', COOKIE_MS)}`,
      'Path=/',
      `Max-Age=${COOKIE_MS / 1000}`,
      'HttpOnly',
      'SameSite=Strict',
    ];
    if (secure) parts.push('Secure');
    return parts.join('; ');
  }

  /** @param cookie the request's Cookie header */
  isOperator(cookie: string | null | undefined): boolean {
    return readCookies(cookie, OPERATOR_COOKIE).some(
      (value) => this.#grants.verify('operator-cookie', value) !== null,
    );
  }

  /** The Authorization header of a request by the command. It names nobody: who can sign it has the key. */
  authorization(): string {
    return `Bearer ${this.#grants.sign('operator-request', REQUEST_MS)}`;
  }

  isAuthorized(authorization: string | null | undefined): boolean {
    const signed = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
    return this.#grants.verify('operator-request', signed) !== null;
  }
}
