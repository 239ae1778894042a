/** Tokens whose device is still admitted to its list: all of the edge verifies tokens here. */
import type { Access } from '../actors/session/devices.ts';
import { type TokenClaims, Tokens } from './token.ts';

type AccessOf = (session: string, device: string) => Access | null;

export class AdmittedTokens extends Tokens {
  readonly #accessOf: AccessOf;
  readonly #needsPerson: boolean;
  readonly #withoutSignIn: Tokens;

  /**
   * @param key the server's key
   * @param accessOf one read of the list's storage; null = not admitted
   * @param needsPerson whether only devices count with which somebody signed in
   */
  constructor(key: Uint8Array, accessOf: AccessOf, needsPerson = false) {
    super(key);
    this.#accessOf = accessOf;
    this.#needsPerson = needsPerson;
    this.#withoutSignIn = needsPerson ? new AdmittedTokens(key, accessOf) : this;
  }

  /** Proves which list a browser may claim, and nothing else. */
  override get withoutSignIn(): Tokens {
    return this.#withoutSignIn;
  }

  override verify(token: string): TokenClaims | null {
    const claims = super.verify(token);
    const access = claims === null ? null : this.#access(claims);
    return claims === null || access === null ? null : { ...claims, ...access };
  }

  override isAdmitted(claims: TokenClaims): boolean {
    return this.#access(claims) !== null;
  }

  #access({ session, nonce }: TokenClaims): Access | null {
    const access = this.#accessOf(session, nonce);
    return this.#needsPerson && access?.person === null ? null : access;
  }
}
