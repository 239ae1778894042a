/** An issuer that answers as a test says: right, forged, broken, or slow. */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CLIENT } from './issuer.ts';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface ForgingIssuer {
  url: string;
  metadata: Record<string, unknown>;
  /** Of the ID token. */
  claims: Record<string, unknown>;
  header: Record<string, unknown>;
  /** In place of the key that is published. */
  key: KeyObject | 'client-secret' | 'none';
  userInfo: Record<string, unknown>;
  /** In place of what is served there, by path. */
  answers: Record<string, Answer>;
  /** Paths that were asked for. */
  asked: string[];
  close(): void;
}

export const PATHS = {
  metadata: '/.well-known/openid-configuration',
  keys: '/keys',
  token: '/token',
  userInfo: '/user',
};

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const otherKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const KID = 'published';

/** @param nonce of the sign-in that is under way */
export async function startForgingIssuer(nonce: string): Promise<ForgingIssuer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', issuer.url);
    issuer.asked.push(pathname);
    const answer = issuer.answers[pathname] ?? serve[pathname];
    if (answer === undefined) response.writeHead(404).end();
    else answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const seconds = Math.floor(Date.now() / 1000);
  const issuer: ForgingIssuer = {
    url,
    metadata: {
      issuer: url,
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: url + PATHS.token,
      jwks_uri: url + PATHS.keys,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    },
    claims: {
      ...{ iss: url, aud: CLIENT.id, sub: 'subject-1', nonce, preferred_username: 'Ann' },
      ...{ iat: seconds, exp: seconds + 600 },
    },
    header: { alg: 'RS256', kid: KID },
    key: pair.privateKey,
    userInfo: {},
    answers: {},
    asked: [],
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  const serve: Record<string, Answer> = {
    [PATHS.metadata]: (_, response) => json(response, issuer.metadata),
    [PATHS.keys]: (_, response) =>
      json(response, { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: KID, alg: 'RS256' }] }),
    [PATHS.token]: (_, response) =>
      json(response, { access_token: 'access', token_type: 'bearer', id_token: idToken(issuer) }),
    [PATHS.userInfo]: (_, response) => json(response, issuer.userInfo),
  };
  return issuer;
}

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function idToken({ header, claims, key }: ForgingIssuer): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part(header)}.${part(claims)}`;
  if (key === 'none') return `${text}.`;
  const signature =
    key === 'client-secret'
      ? createHmac('sha256', CLIENT.secret).update(text).digest()
      : sign('sha256', Buffer.from(text), key);
  return `${text}.${signature.toString('base64url')}`;
}
