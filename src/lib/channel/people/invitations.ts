/**
 * Links that set a password, once: of a new person, of one whose password was forgotten, and of the first. The directory has
 * the hash of what is in the link, so that a copy of the store holds no link.
 */
import { createHash, randomBytes } from 'node:crypto';
import { paths } from '../../protocol/paths.ts';
import type { PeopleEdge } from './people-edge.ts';

/** To be sent to somebody, who reads it the next day. */
export const INVITATION_MS = 3 * 24 * 60 * 60_000;
const GRANT_BYTES = 24;

export interface Invited {
  /** In the fragment, which browsers do not send, so that no server or proxy logs it. */
  path: string;
  expiresAt: string;
}

/**
 * @param person null = the first, who chooses a name
 * @throws SluiceError `not_found`
 */
export async function invite(
  { directory }: Pick<PeopleEdge, 'directory'>,
  person: string | null,
): Promise<Invited> {
  const grant = randomBytes(GRANT_BYTES).toString('base64url');
  const expiresAt = Date.now() + INVITATION_MS;
  await directory.call('invite', hashOfGrant(grant), person, expiresAt);
  return { path: `${paths.signInPage}#grant=${grant}`, expiresAt: new Date(expiresAt).toISOString() };
}

export function hashOfGrant(grant: string): string {
  return createHash('sha256').update(grant).digest('base64url');
}
