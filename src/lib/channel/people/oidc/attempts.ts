/**
 * Sign-ins that are under way with an issuer. All that belongs to one follows from its cookie and the server's key: state, nonce
 * and PKCE verifier are HMACs of the cookie's value, so that nothing is stored and nobody else can make them. A sign-in ends
 * where it was begun: the browser that comes back has to have the cookie of exactly this state. Over https only this host can
 * have set that (`__Host-`). Over http any port of the host can, so there it has to come from the same address too.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { SluiceError } from '../../../protocol/error.ts';
import { readSigningInCookies, signingInCookie } from '../../cookie.ts';
import { LINK_LIFETIME_MS, OneTimeGrants } from '../../one-time-grants.ts';

export interface Attempt {
  state: string;
  nonce: string;
  verifier: string;
  /** Hash of the grant of the link with which it was begun; null = none. */
  link: string | null;
}

/** Of the browser that begins a sign-in, or comes back. */
export interface Place {
  /** As `owner.ts` says it. */
  owner: string;
  isSecure: boolean;
}

const SHAPE = /^([\w.-]{1,128})(?:~([\w-]{43}))?$/;

export class SignInAttempts {
  readonly #key: KeyObject;
  readonly #grants: OneTimeGrants;

  /** @param key the server's key, as for `Tokens` */
  constructor(key: Uint8Array, now?: () => number) {
    this.#key = createSecretKey(key);
    this.#grants = new OneTimeGrants(key, 'sign-in', now);
  }

  /** Valid for ten minutes, in this process. */
  begin(link: string | null, place: Place): { attempt: Attempt; cookie: string } {
    const value = this.#grants.sign() + (link === null ? '' : `~${link}`);
    const cookie = signingInCookie(value, LINK_LIFETIME_MS / 1000, place.isSecure);
    return { attempt: this.#attemptOf(value, link, place), cookie };
  }

  /**
   * Uses up the sign-in of that state. Other cookies of that name, whoever set them, change nothing.
   * @throws SluiceError `sign_in_over`
   */
  take(cookies: string | null | undefined, state: string, place: Place): Attempt {
    for (const value of readSigningInCookies(cookies, place.isSecure)) {
      const [, grant, link = null] = SHAPE.exec(value) ?? [];
      if (grant === undefined) continue;
      const attempt = this.#attemptOf(value, link, place);
      if (!isSame(attempt.state, state)) continue;
      this.#useUp(grant);
      return attempt;
    }
    throw new SluiceError('sign_in_over');
  }

  #useUp(grant: string): void {
    try {
      this.#grants.useUp(this.#grants.read(grant));
    } catch (cause) {
      throw new SluiceError('sign_in_over', undefined, { cause });
    }
  }

  #attemptOf(value: string, link: string | null, { owner, isSecure }: Place): Attempt {
    const of = (part: string): string =>
      createHmac('sha256', this.#key)
        .update(`sign-in-${part}:${isSecure ? '' : owner}:${value}`)
        .digest('base64url');
    // 43 characters, the shortest verifier that RFC 7636 allows.
    return { state: of('state'), nonce: of('nonce'), verifier: of('verifier'), link };
  }
}

function isSame(text: string, other: string): boolean {
  const [a, b] = [Buffer.from(text), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
