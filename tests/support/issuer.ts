/** A real OpenID Connect server, `oidc-provider`, on loopback, with keys of its own. Any password is right there. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';
import { setCookiesOf } from './set-cookies.ts';

export const CLIENT = { id: 'sluice', secret: 'a secret of the client, long enough' };

export interface Account {
  preferred_username?: string;
  email?: string;
  email_verified?: boolean;
  groups?: string[];
}

export class TestIssuer {
  readonly url: string;
  /** By `sub`, which is what is typed as the login. */
  readonly accounts: Record<string, Account>;
  readonly #server: Server;

  private constructor(server: Server, accounts: Record<string, Account>, url: string) {
    this.#server = server;
    this.accounts = accounts;
    this.url = url;
  }

  /**
   * @param returnTo addresses to which it sends browsers back
   * @param port of an earlier one that is to be there again
   */
  static async start(
    returnTo: readonly string[],
    accounts: Record<string, Account>,
    port = 0,
  ): Promise<TestIssuer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const answer = quietly(() => providerOf(url, returnTo, accounts).callback());
    server.on('request', (request, response) => {
      // A browser asks for it, and would log that there is none.
      if (request.url === '/favicon.ico') response.writeHead(204).end();
      else answer(request, response);
    });
    return new TestIssuer(server, accounts, url);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** The settings of a server whose people sign in with it. */
  get env(): Record<string, string> {
    return {
      SLUICE_AUTH: 'oidc',
      SLUICE_OIDC_ISSUER: this.url,
      SLUICE_OIDC_CLIENT_ID: CLIENT.id,
      SLUICE_OIDC_CLIENT_SECRET: CLIENT.secret,
    };
  }

  /** As a browser: signs in and agrees. @returns the address to which it is sent back */
  async signIn(address: string, login: string): Promise<URL> {
    const cookies = new Map<string, string>();
    let next = new URL(address);
    let body: URLSearchParams | null = null;
    while (next.origin === this.url) {
      const response: Response = await fetch(next, {
        method: body === null ? 'GET' : 'POST',
        redirect: 'manual',
        headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
        ...(body === null ? {} : { body }),
      });
      for (const [name, value] of setCookiesOf(response)) cookies.set(name, value);
      const location = response.headers.get('location');
      const page = await response.text();
      if (location === null && body !== null) throw new Error(`${response.status}: ${page.slice(0, 500)}`);
      const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
      if (location === null && prompt === undefined)
        throw new Error(`${response.status}: ${page.slice(0, 500)}`);
      body = location === null ? new URLSearchParams({ prompt: prompt ?? '', login, password: 'any' }) : null;
      if (location !== null) next = new URL(location, next);
    }
    return next;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function providerOf(url: string, returnTo: readonly string[], accounts: Record<string, Account>): Provider {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return new Provider(url, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: returnTo,
        post_logout_redirect_uris: returnTo,
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'one' }] },
    claims: {
      openid: ['sub'],
      profile: ['preferred_username'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    scopes: ['openid', 'profile', 'email', 'groups'],
    cookies: { keys: ['a key of the test'] },
    ttl: { AccessToken: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    pkce: { required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ ...accounts[id], sub: id }) }),
  });
}

/** It prints that it is for development. */
function quietly<T>(make: () => T): T {
  const { info, warn } = console;
  console.info = console.warn = () => undefined;
  try {
    return make();
  } finally {
    Object.assign(console, { info, warn });
  }
}
