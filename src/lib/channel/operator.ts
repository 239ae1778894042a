/**
 * The operator is whoever can read the data dir: there are no accounts. A link signed with the server's key makes a
 * browser his, by a cookie that the same key signs: `EXPIRES.NONCE.MAC`, checked without any state.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { nanoid } from 'nanoid';
import { paths } from '../protocol/paths.ts';
import { readCookies } from './cookie.ts';

export const OPERATOR_COOKIE = 'sluice_operator';

/** Long enough to copy a link from a terminal to a browser. */
export const LINK_MS = 10 * 60_000;
export const COOKIE_MS = 12 * 60 * 60_000;

const NONCE_CHARACTERS = 12;
const SHAPE = /^(\d{13})\.([\w-]{12})\.([\w-]{43})$/;

/** One is never taken for the other, nor either for a session's token. */
type Purpose = 'operator-link' | 'operator-cookie';

export class Operators {
  readonly #key: KeyObject;
  readonly #now: () => number;

  /** @param key the server's, as for `Tokens` */
  constructor(key: Uint8Array, now: () => number = Date.now) {
    this.#key = createSecretKey(key);
    this.#now = now;
  }

  /** Where to sign in, below the server's origin. */
  link(): string {
    return `${paths.signIn}?grant=${this.#sign('operator-link', LINK_MS)}`;
  }

  /** @returns the Set-Cookie line for a link's grant; null for one that is not ours or too old */
  signIn(grant: string, secure: boolean): string | null {
    if (!this.#verify('operator-link', grant)) return null;
    const parts = [
      `${OPERATOR_COOKIE}=${this.#sign('operator-cookie', COOKIE_MS)}`,
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
    return readCookies(cookie, OPERATOR_COOKIE).some((value) => this.#verify('operator-cookie', value));
  }

  #sign(purpose: Purpose, validMs: number): string {
    const claims = `${this.#now() + validMs}.${nanoid(NONCE_CHARACTERS)}`;
    return `${claims}.${this.#mac(purpose, claims)}`;
  }

  #verify(purpose: Purpose, signed: string): boolean {
    const [, expires = '', nonce = '', mac = ''] = SHAPE.exec(signed) ?? [];
    if (mac === '') return false;
    const expected = Buffer.from(this.#mac(purpose, `${expires}.${nonce}`));
    return timingSafeEqual(expected, Buffer.from(mac)) && Number(expires) > this.#now();
  }

  #mac(purpose: Purpose, claims: string): string {
    return createHmac('sha256', this.#key).update(`${purpose}:${claims}`).digest('base64url');
  }
}
