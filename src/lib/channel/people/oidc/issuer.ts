/**
 * The issuer with which people sign in (OpenID Connect): authorization code flow with PKCE, state and nonce. It is looked up when
 * somebody signs in, and not at the start: while it is away, who has signed in notices nothing.
 */
import { createHash } from 'node:crypto';
import type * as OpenId from 'openid-client';
import type { Attempt } from './attempts.ts';
import { boundedFetch } from './bounded-fetch.ts';
import { type Claims, type Identified, identify, type Rule } from './claims.ts';
import { issuerError } from './issuer-error.ts';

export interface IssuerSettings {
  issuer: URL;
  clientId: string;
  clientSecret: string;
  /** Who may sign in: see `identify`. */
  rules: readonly Rule[];
}

/** For all that is asked of the issuer while somebody waits. */
const WAIT_MS = 10_000;
/** For signing out, which works without. */
const LOGOUT_MS = 2_000;
/** What it says of itself is asked for at each sign-in, so that the page can say that it is away; by a crowd once a second. */
const KNOWN_MS = 1_000;
/** Between two machines that keep time at all. */
const CLOCKS_DIFFER_SECONDS = 60;
const SCOPES = ['openid', 'profile', 'email'];

interface Known {
  client: typeof OpenId;
  config: OpenId.Configuration;
}

export class Issuer {
  /** What people see on the button. */
  readonly name: string;
  readonly #settings: IssuerSettings;
  readonly #waitMs: number;
  readonly #now: () => number;
  #known: { found: Promise<Known>; until: number } | null = null;

  /** @param now ms of a monotonic clock */
  constructor(
    settings: IssuerSettings,
    { waitMs = WAIT_MS, now = () => performance.now() }: { waitMs?: number; now?: () => number } = {},
  ) {
    this.name = settings.issuer.host;
    this.#settings = settings;
    this.#waitMs = waitMs;
    this.#now = now;
  }

  /**
   * Where a browser goes to sign in.
   * @throws SluiceError `issuer_away`, `issuer_answer`
   */
  address(redirectTo: string, { state, nonce, verifier }: Attempt): Promise<URL> {
    return this.#ask(this.#waitMs, ({ client, config }) =>
      client.buildAuthorizationUrl(config, {
        redirect_uri: redirectTo,
        scope: this.#scopes(config).join(' '),
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
        state,
        nonce,
      }),
    );
  }

  /**
   * Who came back.
   * @param returned the address to which the issuer sent the browser
   * @throws SluiceError `sign_in_denied`, `not_admitted`, `issuer_away`, `issuer_answer`, `issuer_clock`
   */
  async identify(returned: URL, { state, nonce, verifier }: Attempt): Promise<Identified> {
    const claims = await this.#ask(this.#waitMs, async ({ client, config }): Promise<Claims> => {
      const tokens = await client.authorizationCodeGrant(config, returned, {
        pkceCodeVerifier: verifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      });
      const claims = tokens.claims() as Claims;
      if (this.#wanted.every((name) => name in claims) || !config.serverMetadata().userinfo_endpoint)
        return claims;
      return { ...(await client.fetchUserInfo(config, tokens.access_token, claims.sub)), ...claims };
    });
    return identify(claims, this.#settings.rules);
  }

  /**
   * Where a browser goes after it has signed out here, to sign out there too; null where that is not offered, or while the issuer
   * is away. There it is asked: no ID token, which would say who it is, is kept for that.
   */
  async logoutAddress(redirectTo: string): Promise<string | null> {
    try {
      return await this.#ask(Math.min(LOGOUT_MS, this.#waitMs), ({ client, config }) =>
        config.serverMetadata().end_session_endpoint === undefined
          ? null
          : client.buildEndSessionUrl(config, { post_logout_redirect_uri: redirectTo }).href,
      );
    } catch {
      return null;
    }
  }

  /** Claims that decide something here. Many issuers have them in the user info alone. */
  get #wanted(): string[] {
    return ['preferred_username', ...this.#settings.rules.map(({ claim }) => claim)];
  }

  /** A claim that a rule asks for is often behind a scope of the same name, `groups` above all. */
  #scopes(config: OpenId.Configuration): string[] {
    const { scopes_supported: offered } = config.serverMetadata();
    if (offered === undefined) return SCOPES;
    return [...new Set([...SCOPES, ...this.#wanted])].filter(
      (scope) => scope === 'openid' || offered.includes(scope),
    );
  }

  async #ask<T>(withinMs: number, work: (known: Known) => T | Promise<T>): Promise<T> {
    const late = new AbortController();
    const deadline = new Promise<never>((_, reject) => {
      const timer = setTimeout(
        () => reject(new DOMException('The issuer takes too long', 'TimeoutError')),
        withinMs,
      );
      late.signal.addEventListener('abort', () => clearTimeout(timer));
    });
    try {
      return await Promise.race([this.#discover().then(work), deadline]);
    } catch (thrown) {
      throw issuerError(thrown);
    } finally {
      late.abort();
    }
  }

  /** One at a time, and again after a failure. */
  #discover(): Promise<Known> {
    const now = this.#now();
    if (this.#known !== null && now < this.#known.until) return this.#known.found;
    const found = this.#fetchMetadata();
    const known = { found, until: now + KNOWN_MS };
    this.#known = known;
    found.catch(() => {
      if (this.#known === known) this.#known = null;
    });
    return found;
  }

  /** The library is loaded by the first sign-in. */
  async #fetchMetadata(): Promise<Known> {
    const client = await import('openid-client');
    const { issuer, clientId, clientSecret } = this.#settings;
    const metadata = { client_secret: clientSecret, [client.clockTolerance]: CLOCKS_DIFFER_SECONDS };
    // Which kind of authentication it takes is known once it is found.
    const authenticate: OpenId.ClientAuth = (server, of, body, headers) => {
      const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
      const isBasic = methods.includes('client_secret_basic');
      const method = isBasic ? client.ClientSecretBasic(clientSecret) : client.ClientSecretPost(clientSecret);
      return method(server, of, body, headers);
    };
    const config = await client.discovery(issuer, clientId, metadata, authenticate, {
      timeout: this.#waitMs / 1000,
      [client.customFetch]: (address, init) => boundedFetch(address, init as RequestInit),
      // The signature of ID tokens is checked, also of those that came over TLS from the issuer itself.
      execute: [
        client.enableNonRepudiationChecks,
        ...(issuer.protocol === 'http:' ? [client.allowInsecureRequests] : []),
      ],
    });
    return { client, config };
  }
}
