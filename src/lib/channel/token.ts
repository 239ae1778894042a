/**
 * A session's secret: `ID.NONCE.MAC`, the MAC being HMAC-SHA256 of the rest under the server's key. An edge
 * checks it without asking anyone; the nonce tells the tokens of one session apart, so that one could be revoked. No
 * call does that yet.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { nanoid } from 'nanoid';

/** 16 of nanoid's 64 characters are 96 bits: nobody guesses one, and no two are ever the same. */
const SESSION_CHARACTERS = 16;
const NONCE_CHARACTERS = 12;
const SHAPE = /^([\w-]{16})\.([\w-]{12})\.([\w-]{43})$/;

export interface TokenClaims {
  session: string;
  nonce: string;
  /** The whole token. */
  token: string;
}

export class Tokens {
  readonly #key: KeyObject;

  /** @param key at least 32 random bytes */
  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key);
  }

  /** A token for a new session, or a further one for `session`. Nothing is stored. */
  issue(session: string = nanoid(SESSION_CHARACTERS)): TokenClaims {
    const nonce = nanoid(NONCE_CHARACTERS);
    const claims = `${session}.${nonce}`;
    return { session, nonce, token: `${claims}.${this.#mac(claims).toString('base64url')}` };
  }

  /** null for anything that this key has not signed. The comparison takes the same time for each wrong MAC. */
  verify(token: string): TokenClaims | null {
    const parts = SHAPE.exec(token);
    if (!parts) return null;
    const [, session = '', nonce = '', mac = ''] = parts;
    const expected = this.#mac(`${session}.${nonce}`);
    const given = Buffer.from(mac, 'base64url');
    // The last character carries 4 bits of the MAC and 2 that decoding ignores: only one spelling is ours.
    const same = given.length === expected.length && timingSafeEqual(given, expected);
    return same && given.toString('base64url') === mac ? { session, nonce, token } : null;
  }

  /** The session that a token names, whoever signed it: nothing but a name. null for what has not the form of one. */
  static sessionNamedBy(token: string): string | null {
    return SHAPE.exec(token)?.[1] ?? null;
  }

  #mac(claims: string): Buffer {
    return createHmac('sha256', this.#key).update(claims).digest();
  }
}
