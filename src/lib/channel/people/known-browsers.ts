/**
 * Which names have signed in with a browser before. It keeps that in a signed cookie, also when they sign out: tries under such
 * a name have a limit of their own there. So a stranger who guesses does not keep the person out, not even from behind the same
 * proxy, where all are one visitor. The cookie gives nothing else. Source: OWASP, "Slow Down Online Guessing Attacks with
 * Device Cookies".
 */
import { createHash } from 'node:crypto';
import { nameKey } from '../../protocol/people.ts';
import { KNOWN_COOKIE, knownCookie, readSluiceCookies } from '../cookie.ts';
import { Grants } from '../grant.ts';

/** As long as browsers keep a cookie. */
const KNOWN_MS = 400 * 24 * 60 * 60_000;
/** People who share a browser. */
const MAX_NAMES = 4;
const SEPARATOR = '~';

export class KnownBrowsers {
  readonly #grants: Grants;

  /** @param key the server's key, as for `Tokens` */
  constructor(key: Uint8Array) {
    this.#grants = new Grants(key);
  }

  /** @returns what names the browser and that name together; null = nobody has signed in under it there */
  find(cookie: string | undefined, name: string, isSecure: boolean): string | null {
    const tag = tagOf(name);
    return this.#namesIn(cookie, isSecure).find(({ session }) => session === tag)?.nonce ?? null;
  }

  /** The Set-Cookie line after a sign-in. */
  cookie(before: string | undefined, name: string, isSecure: boolean): string {
    const tag = tagOf(name);
    const others = this.#namesIn(before, isSecure).filter(({ session }) => session !== tag);
    const grants = [
      this.#grants.sign('known-browser', KNOWN_MS, tag),
      ...others.slice(0, MAX_NAMES - 1).map(({ text }) => text),
    ];
    return knownCookie(grants.join(SEPARATOR), isSecure);
  }

  #namesIn(cookie: string | undefined, isSecure: boolean) {
    const texts = readSluiceCookies(cookie, KNOWN_COOKIE, isSecure).flat().join(SEPARATOR).split(SEPARATOR);
    return texts.slice(0, 2 * MAX_NAMES).flatMap((text) => {
      const grant = this.#grants.verify('known-browser', text);
      return grant === null ? [] : [{ ...grant, text }];
    });
  }
}

/** 96 bits, in the place of a session's id. */
function tagOf(name: string): string {
  return createHash('sha256').update(nameKey(name)).digest('base64url').slice(0, 16);
}
