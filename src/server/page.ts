import type { IncomingMessage, ServerResponse } from 'node:http';

/** SvelteKit's handler as adapter-node builds it. */
export type PageHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Set by svelte.config.js for all that the adapter reads from the environment. */
const PREFIX = 'SLUICE_WEB_';

/**
 * Loads the built page: it lies beside the bundle that this runs in.
 * @param protocolHeader in which each request says http or https
 */
export async function loadPage(protocolHeader: string): Promise<PageHandler> {
  process.env[`${PREFIX}PROTOCOL_HEADER`] = protocolHeader;
  // Bodies have a limit of our own, with an answer of our own.
  process.env[`${PREFIX}BODY_SIZE_LIMIT`] = 'Infinity';
  // By its address, so that neither the type checker nor the bundler looks for what is built after them.
  const { href } = new URL('web/handler.js', import.meta.url);
  const { handler } = (await import(href)) as { handler: PageHandler };
  return handler;
}
