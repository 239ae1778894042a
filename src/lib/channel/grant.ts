/**
 * Signed grants, each for one purpose and with an expiry time: `EXPIRES.NONCE.MAC`, or `EXPIRES.NONCE.SESSION.MAC` for
 * one session. The server's key signs them, so verifying needs no state.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { nanoid } from 'nanoid';

/** Part of the signed text: a grant is valid for one purpose only, and a session token is never a grant. */
export type Purpose =
  'operator-link' | 'operator-cookie' | 'operator-request' | 'session-link' | 'known-browser' | 'sign-in';

export interface Grant {
  /** Epoch ms. */
  expiresAt: number;
  nonce: string;
  session: string | null;
}

const NONCE_CHARACTERS = 12;
const SHAPE = /^(\d{13})\.([\w-]{12})(?:\.([\w-]{16}))?\.([\w-]{43})$/;

export class Grants {
  readonly #key: KeyObject;
  readonly #now: () => number;

  /** @param key the server's key, as for `Tokens` */
  constructor(key: Uint8Array, now: () => number = Date.now) {
    this.#key = createSecretKey(key);
    this.#now = now;
  }

  /** @param session 16 characters, as `Tokens.issue` makes them */
  sign(purpose: Purpose, validMs: number, session: string | null = null): string {
    const parts = [this.#now() + validMs, nanoid(NONCE_CHARACTERS), ...(session === null ? [] : [session])];
    const claims = parts.join('.');
    return `${claims}.${this.#mac(purpose, claims)}`;
  }

  /** null when this key has not signed the text for this purpose, or when it has expired. */
  verify(purpose: Purpose, text: string): Grant | null {
    const [, expires = '', nonce = '', session, mac = ''] = SHAPE.exec(text) ?? [];
    if (mac === '') return null;
    const claims = text.slice(0, -mac.length - 1);
    const expected = Buffer.from(this.#mac(purpose, claims));
    const isSigned = timingSafeEqual(expected, Buffer.from(mac));
    const expiresAt = Number(expires);
    return isSigned && expiresAt > this.#now() ? { expiresAt, nonce, session: session ?? null } : null;
  }

  #mac(purpose: Purpose, claims: string): string {
    return createHmac('sha256', this.#key).update(`${purpose}:${claims}`).digest('base64url');
  }
}
