/**
 * What every page gets: its language and its session. Host and Origin were checked before (channel/front), where the
 * API is answered too.
 */
import type { Handle, HandleServerError } from '@sveltejs/kit';
import { mountedEdge } from '#lib/channel/mount.ts';
import { paraglideMiddleware } from '#lib/paraglide/server.js';

export const handle: Handle = ({ event, resolve }) =>
  paraglideMiddleware(event.request, async ({ request, locale }) => {
    event.request = request;
    const { session, cookies, first } = mountedEdge().visit(request);
    const response = await resolve(event, {
      // Its id alone: the page checks whether there is a session (static/session.js) and whether it is the same as before.
      transformPageChunk: ({ html }) =>
        html
          .replace('%lang%', locale)
          .replace('%session%', session ?? '')
          .replace('%first%', first ?? ''),
    });
    if (response.headers.get('content-type')?.startsWith('text/html')) {
      for (const cookie of cookies) response.headers.append('set-cookie', cookie);
      // It is for one visitor only.
      response.headers.set('cache-control', 'private, no-store');
    }
    return response;
  });

/** The page shows its own text for the status; what broke is for the operator. */
export const handleError: HandleServerError = ({ error, status, message }) => {
  if (status >= 500) console.error(error);
  return { message };
};
