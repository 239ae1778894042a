/** What a page request gets where people sign in: the page, or the way to sign in. */
import type { AuthMode } from '../../protocol/people.ts';
import { paths } from '../../protocol/paths.ts';
import type { Edge } from '../edge.ts';
import { headerGetter, OWNER_HEADER } from '../headers.ts';
import { inspectorPageScope } from '../inspector-access.ts';
import { type Visit, visitPage } from '../visit.ts';

export interface PageVisit extends Visit {
  auth: AuthMode;
  /** Who signed in; null = nobody. */
  person: string | null;
  /** Where the browser has to go first; null = it gets the page. */
  redirect: string | null;
}

/** They show nothing of a list; a link lets in anyone who has it. */
const OPEN_PAGES: readonly string[] = [paths.signInPage, paths.link, paths.signIn];

export function visitOf(request: Request, edge: Edge): PageVisit {
  const { auth } = edge.people;
  const { headers } = request;
  const { pathname, search } = new URL(request.url);
  const owner = headers.get(OWNER_HEADER) ?? '';
  const { person = null, ...visit } = visitPage(edge, headerGetter(headers), owner, pathname);
  const mayLook =
    auth === 'none' ||
    visit.session !== null ||
    OPEN_PAGES.includes(pathname) ||
    (pathname === paths.inspector && inspectorPageScope(edge, request) === 'all');
  const to = pathname === '/' ? '' : `?${new URLSearchParams({ to: pathname + search })}`;
  return { ...visit, auth, person, redirect: mayLook ? null : paths.signInPage + to };
}
