/** Tokens whose device is still admitted to its list: all of the edge verifies tokens here. */
import type { Scope } from '../protocol/device.ts';
import { type TokenClaims, Tokens } from './token.ts';

export class AdmittedTokens extends Tokens {
  readonly #scopeOf: (session: string, device: string) => Scope | null;

  /**
   * @param key the server's key
   * @param scopeOf one read of the list's storage; null = not admitted
   */
  constructor(key: Uint8Array, scopeOf: (session: string, device: string) => Scope | null) {
    super(key);
    this.#scopeOf = scopeOf;
  }

  override verify(token: string): TokenClaims | null {
    const claims = super.verify(token);
    const scope = claims === null ? null : this.#scopeOf(claims.session, claims.nonce);
    return claims === null || scope === null ? null : { ...claims, scope };
  }
}
