import type { Scope } from '../protocol/device.ts';
import { SluiceError } from '../protocol/error.ts';
import type { SessionRequest } from '../protocol/request.ts';
import type { TokenClaims } from './token.ts';

/** What needs a scope: a request to the session, its channel, its devices, or what it keeps secret. */
type Use = SessionRequest['name'] | 'channel' | 'devices' | 'secrets';

const READ: readonly Use[] = ['list', 'show', 'file'];
const ADD: readonly Use[] = [...READ, 'parse', 'add'];

/** `full` may do everything, the channel included, whose messages are commands. */
const ALLOWED: Record<Exclude<Scope, 'full'>, readonly Use[]> = { read: READ, add: ADD };

/** @throws SluiceError `scope_refused` */
export function requireScope({ scope = 'full' }: TokenClaims, use: Use): void {
  if (scope === 'full' || ALLOWED[scope].includes(use)) return;
  throw new SluiceError(
    'scope_refused',
    `This token is for ${scope === 'read' ? 'reading' : 'adding'} only.`,
  );
}
