/** Another site in Chromium's sense: the same machine under a name that shares no cookies with 127.0.0.1. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface OtherSite {
  /** `http://localhost:PORT`: another site than 127.0.0.1. */
  url: string;
  /** `http://127.0.0.1:PORT`: another origin of the same site. It gets all cookies, as they do not depend on the port. */
  sameSiteUrl: string;
  port: number;
  close(): Promise<void>;
}

/**
 * `/page?html=…` is that page; `/redirect?status=…&to=…` redirects (307 and 308 keep the method); `/plant?cookie=…` sets cookies.
 */
export async function startOtherSite(): Promise<OtherSite> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}`,
    sameSiteUrl: `http://127.0.0.1:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function pageOn(site: string, html: string): string {
  return `${site}/page?${new URLSearchParams({ html })}`;
}

export function redirectOn(site: string, to: string, status = 302): string {
  return `${site}/redirect?${new URLSearchParams({ to, status: String(status) })}`;
}

/** A page that sets cookies: they are sent to every port of its host. @param lines of Set-Cookie */
export function plantOn(site: string, ...lines: string[]): string {
  return `${site}/plant?${new URLSearchParams(lines.map((line) => ['cookie', line]))}`;
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://site');
  if (pathname === '/redirect') {
    const location = searchParams.get('to') ?? '/';
    response.writeHead(Number(searchParams.get('status')), { location }).end();
  } else if (pathname === '/page') {
    response
      .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      .end(`<!doctype html><title>Elsewhere</title>${searchParams.get('html') ?? ''}`);
  } else if (pathname === '/plant') {
    response.writeHead(200, { 'content-type': 'text/html', 'set-cookie': searchParams.getAll('cookie') });
    response.end('<!doctype html><title>Planted</title>');
  } else response.writeHead(204).end();
}
