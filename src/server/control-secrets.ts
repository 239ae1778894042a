/** What `sluice secrets` asks of a running server. */
import { listSecrets, putSecret, removeSecret } from '#lib/channel/secrets.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { readSecretFields } from '#lib/protocol/secret.ts';
import type { Sluice } from './sluice.ts';

/** @throws SluiceError `invalid_request`, `not_found`, and those of the change */
export async function changeSecrets(sluice: Sluice, args: Record<string, unknown>): Promise<unknown> {
  const { secrets, sessions } = sluice;
  const edge = { secrets, session: (id: string) => sessions.get(id) };
  const [prefix, name] = [args['session'], args['name']].map((text) =>
    typeof text === 'string' ? text : '',
  );
  const session = await findSession(sluice, prefix ?? '');
  switch (args['do']) {
    case 'list':
      return { secrets: await listSecrets(session, edge) };
    case 'put':
      return putSecret(session, name ?? '', readSecretFields(args['fields']), edge);
    case 'remove':
      await removeSecret(session, name ?? '', edge);
      return { name };
    default:
      throw new SluiceError('invalid_request', 'secrets: list, put or remove.');
  }
}

async function findSession({ sessionList }: Sluice, prefix: string): Promise<string> {
  const { sessions } = await sessionList.all(prefix, 2);
  const [only, another] = sessions;
  if (only !== undefined && (another === undefined || only.id === prefix)) return only.id;
  throw new SluiceError(
    'not_found',
    only === undefined
      ? 'There is no such list: sluice operator sessions has those with downloads.'
      : 'There are several lists: say with --session=ID which. Those there are: sluice operator sessions',
  );
}
