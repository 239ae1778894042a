/** A link to a list, where people sign in: it signs the browser in as the person who made it. */
import type { PlainAnswer } from '../../protocol/answer.ts';
import { SluiceError } from '../../protocol/error.ts';
import { browserName } from '../browser-name.ts';
import { claimsFromCookies } from '../credentials.ts';
import type { HeaderGetter } from '../headers.ts';
import { openList, type SignInEdge } from './sign-in.ts';

/**
 * One of `sluice operator` is for the list's owner. A list without an owner becomes that of the person who is signed in.
 * @throws SluiceError `link_used`, `sign_in_required`, `not_found`
 */
export async function openAsPerson(
  grant: string,
  header: HeaderGetter,
  edge: SignInEdge,
): Promise<PlainAnswer> {
  const { directory, log } = edge.people;
  const { links } = edge.storedSessions;
  const { session: list, person: maker } = links.read(grant);
  const owner = maker ?? (await directory.call('ownerOf', list));
  const isSecure = edge.origins.isSecure(header('host'));
  const who = owner ?? claimsFromCookies(edge.tokens, header('cookie'), isSecure)?.person;
  if (!who) throw new SluiceError('sign_in_required');
  links.redeem(grant);
  const wanted = { list, claimable: owner === null, name: browserName(header('user-agent')) };
  const answer = await openList(who, header, edge, wanted);
  if (maker === null) edge.storedSessions.onLinkOpened(list);
  else log('a link opened a list in another browser', { session: list, person: maker.name });
  return answer;
}
