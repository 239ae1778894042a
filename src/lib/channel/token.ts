/**
 * Session tokens: `ID.NONCE.MAC`, the MAC being HMAC-SHA256 of the rest under the server's key, so the edge verifies
 * them without any state. The nonce distinguishes the tokens of one session: it is the id of the device that has the token, and
 * whether that is still admitted is asked separately (`admitted-tokens.ts`).
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { nanoid } from 'nanoid';
import { LISTED_ID_CHARACTERS } from '../actors/session/devices.ts';
import type { Device, Scope } from '../protocol/device.ts';
import type { DevicePerson } from '../protocol/people.ts';

/** 16 of nanoid's 64 characters are 96 random bits. */
const SESSION_CHARACTERS = 16;
/** Of a token that is valid without a row of its device. */
const NONCE_CHARACTERS = 12;
const SHAPE = /^([\w-]{16})\.([\w-]{12}|[\w-]{16})\.([\w-]{43})$/;

export interface TokenClaims {
  session: string;
  nonce: string;
  /** The whole token. */
  token: string;
  /** Absent = nobody has asked. */
  kind?: Device['kind'];
  /** What it may be used for; absent = everything. */
  scope?: Scope;
  /** Who signed in with it; null or absent = nobody. */
  person?: DevicePerson | null;
}

export class Tokens {
  readonly #key: KeyObject;

  /** @param key at least 32 random bytes */
  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key);
  }

  /** The same for those of browsers that nobody has signed in with (`AdmittedTokens`). */
  get withoutSignIn(): Tokens {
    return this;
  }

  /** A token for a new session, or a further one for `session`. Stores nothing. */
  issue(session: string = nanoid(SESSION_CHARACTERS)): TokenClaims {
    return this.#sign(session, nanoid(NONCE_CHARACTERS));
  }

  /** A token that is valid once its device is admitted. Stores nothing. */
  issueForDevice(session: string): TokenClaims {
    return this.#sign(session, nanoid(LISTED_ID_CHARACTERS));
  }

  #sign(session: string, nonce: string): TokenClaims {
    const claims = `${session}.${nonce}`;
    return { session, nonce, token: `${claims}.${this.#mac(claims).toString('base64url')}` };
  }

  /** null for anything that this key has not signed. */
  verify(token: string): TokenClaims | null {
    const parts = SHAPE.exec(token);
    if (!parts) return null;
    const [, session = '', nonce = '', mac = ''] = parts;
    const expected = this.#mac(`${session}.${nonce}`);
    const given = Buffer.from(mac, 'base64url');
    // The last character has 2 bits that decoding ignores: compare the text too, so that only one spelling is valid.
    const same = given.length === expected.length && timingSafeEqual(given, expected);
    return same && given.toString('base64url') === mac ? { session, nonce, token } : null;
  }

  /** Whether the device of a verified token is still admitted: read again, without the signature. */
  isAdmitted(_claims: TokenClaims): boolean {
    return true;
  }

  /** The session id in a token, with any signature: proves nothing. null when the text is not shaped like a token. */
  static unverifiedSession(token: string): string | null {
    return SHAPE.exec(token)?.[1] ?? null;
  }

  #mac(claims: string): Buffer {
    return createHmac('sha256', this.#key).update(claims).digest();
  }
}
