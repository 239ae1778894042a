/**
 * What every page gets: its language and its session. Host and Origin were checked before (channel/front), where the
 * API is answered too.
 */
import type { Handle, HandleServerError } from '@sveltejs/kit';
import { mountedEdge } from '#lib/channel/mount.ts';
import { paraglideMiddleware } from '#lib/paraglide/server.js';

/** A page is for one visitor only. */
const PRIVATE = { 'cache-control': 'private, no-store' };

export const handle: Handle = ({ event, resolve }) =>
  paraglideMiddleware(event.request, async ({ request, locale }) => {
    event.request = request;
    const { session, cookies, first, auth, person, redirect } = mountedEdge().visit(request);
    if (redirect !== null) return redirectTo(redirect, cookies);
    const known: Record<string, string> = {
      lang: locale,
      // Its id alone: the page checks whether there is a session (static/session.js) and whether it is the same as before.
      session: session ?? '',
      first: first ?? '',
      auth,
      person: person ?? '',
    };
    const response = await resolve(event, {
      transformPageChunk: ({ html }) =>
        html.replace(/%(lang|session|first|auth|person)%/g, (_, name: string) =>
          escapeAttribute(known[name] ?? ''),
        ),
    });
    if (response.headers.get('content-type')?.startsWith('text/html')) {
      for (const cookie of cookies) response.headers.append('set-cookie', cookie);
      response.headers.set('cache-control', PRIVATE['cache-control']);
    }
    return response;
  });

function redirectTo(location: string, cookies: readonly string[]): Response {
  const headers = new Headers({ ...PRIVATE, location });
  for (const cookie of cookies) headers.append('set-cookie', cookie);
  return new Response(null, { status: 303, headers });
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}

/** The page shows its own text for the status; what broke is for the operator. */
export const handleError: HandleServerError = ({ error, status, message }) => {
  if (status >= 500) console.error(error);
  return { message };
};
