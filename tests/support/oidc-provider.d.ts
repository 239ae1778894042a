/** What the tests use of a package that has no types. */
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http';

  export interface Account {
    accountId: string;
    claims(): Record<string, unknown> & { sub: string };
  }

  export default class Provider {
    constructor(
      issuer: string,
      configuration: {
        clients: Record<string, unknown>[];
        jwks: { keys: object[] };
        claims: Record<string, readonly string[]>;
        scopes: readonly string[];
        cookies: { keys: string[] };
        findAccount: (context: unknown, id: string) => Account | undefined;
      } & Record<string, unknown>,
    );
    callback(): RequestListener;
    on(event: string, listener: (...args: unknown[]) => void): this;
  }
}
