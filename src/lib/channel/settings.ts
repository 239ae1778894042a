/** What is set on this server, for an operator: whoever is one of the page; where nobody signs in, whoever uses this machine. */
import type { IncomingMessage } from 'node:http';
import { jsonAnswer, type PlainAnswer } from '../protocol/answer.ts';
import { SluiceError } from '../protocol/error.ts';
import type { SettingsView } from '../protocol/settings.ts';
import { LOCAL } from '../quota/quota.ts';
import { authenticate } from './credentials.ts';
import type { Edge } from './edge.ts';
import { credentialsFromNodeHeaders } from './headers.ts';
import { requireScope } from './scope.ts';

/** @throws SluiceError `unauthorized`, `scope_refused`, `not_operator` */
export async function answerSettings(request: IncomingMessage, edge: Edge): Promise<PlainAnswer> {
  const claims = authenticate(edge.tokens, credentialsFromNodeHeaders(request.headers));
  requireScope(claims, 'devices');
  const { auth, directory } = edge.people;
  const isOperator =
    auth === 'none'
      ? edge.visitors.ownerOf(request) === LOCAL
      : claims.kind === 'browser' &&
        (await directory.call('account', claims.person?.id ?? ''))?.person.role === 'operator';
  if (!isOperator) throw new SluiceError('not_operator');
  const view: SettingsView = { ...edge.settings, engines: await edge.engines() };
  return jsonAnswer(view);
}
