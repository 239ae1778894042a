import type { IncomingMessage, ServerResponse } from 'node:http';

/** SvelteKit's handler as adapter-node builds it. */
export type PageHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Set in svelte.config.js: the prefix of the adapter's environment variables. */
const PREFIX = 'SLUICE_WEB_';

/**
 * Loads the built page, which is beside this bundle.
 * @param protocolHeader request header that holds http or https
 */
export async function loadPage(protocolHeader: string): Promise<PageHandler> {
  process.env[`${PREFIX}PROTOCOL_HEADER`] = protocolHeader;
  // The edge has its own limit for bodies, with its own error.
  process.env[`${PREFIX}BODY_SIZE_LIMIT`] = 'Infinity';
  // Imported by URL: it is built after the type check and after this bundle.
  const { href } = new URL('web/handler.js', import.meta.url);
  const { handler } = (await import(href)) as { handler: PageHandler };
  return handler;
}
