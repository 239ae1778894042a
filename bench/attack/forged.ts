/**
 * What a page of another site can make a browser send: each route and method, with each Origin and Sec-Fetch-Site, with and
 * without the cookie. Nothing may change, and nobody may get a cookie.
 */
import { ask } from '../../tests/edge/ask.ts';
import type { Report } from './report.ts';
import { eachAtOnce, type Scene } from './scene.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const SAFE = ['GET', 'HEAD'];
const SITES = [undefined, 'cross-site', 'same-site'];
const TYPES = ['application/json', 'text/plain', 'application/x-www-form-urlencoded', undefined];

interface Forgery {
  method: string;
  path: string;
  origin: string | undefined;
  site: string | undefined;
  cookie: string;
  type: string | undefined;
}

export async function attackByForgery(scene: Scene, report: Report): Promise<void> {
  const { server } = scene;
  const api = await server.session();
  const url = `http://192.0.2.1/never/${scene.seed}.bin`;
  // Refused at once, so its row stays as it is.
  const refused = await api.call('POST', '/api/downloads', { url });
  const id = await api.add({ url: 'http://no-such-name.attack.example/film.mp4', filename: 'kept.mp4' });
  await api.act(id, 'pause');
  const before = JSON.stringify(await api.list());
  const origins = [
    ...[undefined, 'https://evil.example', 'null', 'http://127.0.0.1:1', `${server.url}.evil.example`],
    ...[`http://localhost.evil.example:${server.port}`, server.url.replace('http:', 'https:'), 'file://', ''],
  ];
  const paths = [
    ...[
      '/',
      '/link',
      '/inspector',
      '/inspector/sign-in?grant=x',
      '/api',
      '/api/sessions',
      '/api/parse',
      '/api/engines',
    ],
    ...[
      '/api/downloads',
      `/api/downloads/${id}`,
      `/api/downloads/${id}?file=delete`,
      `/api/downloads/${id}/file`,
    ],
    ...['pause', 'resume', 'cancel', 'retry'].map((action) => `/api/downloads/${id}/${action}`),
    ...[
      '/api/links/read',
      '/api/links/open',
      '/api/operator/sessions',
      '/api/inspector/trace',
      '/api/channel',
    ],
    ...['/healthz', '/readyz', '/no/such/page', `/?url=${encodeURIComponent(url)}`],
  ];
  const all: Forgery[] = [];
  for (const path of paths)
    for (const method of METHODS)
      for (const origin of origins)
        for (const site of SITES)
          for (const cookie of [`sluice_session=${api.token}`, ''])
            // What has none of the two headers is no browser of today: `tests/edge/forged.test.ts` has the old ones.
            if (origin !== undefined || site !== undefined)
              all.push({ method, path, origin, site, cookie, type: TYPES[all.length % TYPES.length] });
  await eachAtOnce(scene.some(all, 300), 16, async (forgery) => {
    report.attempt(await tryOne(server.url, forgery));
  });
  const after = JSON.stringify(await api.list());
  report.attempt(after === before ? null : `the list changed: ${before} ${after}`);
  report.attempt(refused.status === 403 ? null : `a private address was taken with ${refused.status}`);
}

async function tryOne(url: string, forgery: Forgery): Promise<string | null> {
  const { method, path, origin, site, cookie, type } = forgery;
  const { status, code, headers } = await ask(url, path, {
    method,
    headers: {
      ...(cookie === '' ? {} : { cookie }),
      ...(origin === undefined ? {} : { origin }),
      ...(site === undefined ? {} : { 'sec-fetch-site': site }),
      ...(type === undefined ? {} : { 'content-type': type }),
    },
    ...(method === 'POST' ? { body: JSON.stringify({ url: 'http://site.attack.example/forged.bin' }) } : {}),
  });
  const what = JSON.stringify({ ...forgery, cookie: cookie !== '', status, code });
  const isForeign = origin !== undefined || site !== undefined;
  if (status >= 500) return `an error of the server: ${what}`;
  if (headers['access-control-allow-origin'] !== undefined) return `may be read: ${what}`;
  // A browser sends Sec-Fetch-Site wherever it would follow a link with the cookie.
  if (headers['set-cookie'] !== undefined && (site !== undefined || !SAFE.includes(method)))
    return `a cookie: ${what}`;
  if (isForeign && !SAFE.includes(method) && status !== 403) return `not refused: ${what}`;
  return null;
}
