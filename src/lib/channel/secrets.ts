/**
 * What a list keeps secret, for clients that have it open: names, sites and dates can be read, values only written. They are sealed here,
 * before the session, its storage and the inspector get them.
 */
import type { IncomingMessage } from 'node:http';
import { jsonAnswer, type PlainAnswer } from '../protocol/answer.ts';
import { SluiceError } from '../protocol/error.ts';
import type { SecretRequest } from '../protocol/request.ts';
import {
  checkSecretName,
  MAX_SECRETS,
  readSecretBody,
  type SecretFields,
  type SecretList,
  type SecretView,
  type StoredSecret,
} from '../protocol/secret.ts';
import { readBody } from './body.ts';
import { authenticate } from './credentials.ts';
import type { Edge } from './edge.ts';
import { credentialsFromNodeHeaders } from './headers.ts';
import { requireScope } from './scope.ts';

type SecretsEdge = Pick<Edge, 'session' | 'secrets'>;

/** @throws SluiceError `unauthorized`, `scope_refused`, `not_found`, `too_many_secrets`, and those of the body */
export async function answerSecrets(
  asked: SecretRequest,
  request: IncomingMessage,
  edge: Edge,
): Promise<PlainAnswer> {
  const claims = authenticate(edge.tokens, credentialsFromNodeHeaders(request.headers));
  requireScope(claims, 'secrets');
  const { session } = claims;
  switch (asked.name) {
    case 'list-secrets':
      return jsonAnswer({ secrets: await listSecrets(session, edge) } satisfies SecretList);
    case 'put-secret': {
      edge.visitors.use(request, session);
      return jsonAnswer(
        await putSecret(session, asked.secret, readSecretBody(await readBody(request)), edge),
      );
    }
    case 'remove-secret':
      await removeSecret(session, asked.secret, edge);
      return { status: 204, headers: {}, body: null };
  }
}

export async function listSecrets(session: string, edge: SecretsEdge): Promise<SecretView[]> {
  const found = (await edge.session(session).call('secrets')) ?? [];
  return found.map(([name, secret]) => viewOf(session, name, secret, edge));
}

/** @throws SluiceError `invalid_request`, `too_many_secrets`, `secret_key_unusable` */
export async function putSecret(
  session: string,
  given: string,
  { site, signIn }: SecretFields,
  edge: SecretsEdge,
): Promise<SecretView> {
  const name = checkSecretName(given);
  const secret: StoredSecret = {
    site,
    updatedAt: Date.now(),
    sealed: edge.secrets.seal({ session, name, site }, signIn),
  };
  const all = await edge.session(session).call('secrets', { type: 'put', name, secret });
  if (all === null) throw new SluiceError('too_many_secrets', `A list keeps at most ${MAX_SECRETS} of them.`);
  return viewOf(session, name, secret, edge);
}

/** @throws SluiceError `not_found` */
export async function removeSecret(session: string, name: string, edge: SecretsEdge): Promise<void> {
  const left = await edge.session(session).call('secrets', { type: 'remove', name });
  if (left === null) throw new SluiceError('not_found', 'This list has no sign-in of that name.');
}

function viewOf(
  session: string,
  name: string,
  { site, updatedAt, sealed }: StoredSecret,
  { secrets }: SecretsEdge,
): SecretView {
  const view = { name, site, updatedAt: new Date(updatedAt).toISOString() };
  return secrets.canOpen({ session, name, site }, sealed) ? view : { ...view, error: 'secret_unreadable' };
}
