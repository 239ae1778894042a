/**
 * Requests that pages of other sites can make a browser send. Each carries the session cookie, as browsers send it with
 * a followed link (SameSite=Lax) and to every port of a host: Origin, content type and method must stop them.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DownloadView } from '#lib/protocol/download.ts';
import type { Api } from '../support/api.ts';
import { sluice } from '../support/cli.ts';
import { type Site, startSite } from '../site/site.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { ask, type Asked, TestSocket } from './ask.ts';

const test = suite('forged');
let site: Site;
let server: TestServer;
let api: Api;
let done: DownloadView;
let waiting: string;

test.before(async () => {
  site = await startSite();
  server = await startServer({ env: { SLUICE_INSPECTOR: '1' } });
  api = await server.session();
  const id = await api.add({ url: `${site.url}/file/done.bin` });
  done = await api.waitFor(id, 'complete');
  waiting = await api.add({ url: 'http://127.0.0.1:9/waiting.bin' });
  await api.act(await api.add({ url: 'http://127.0.0.1:9/cancelled.bin' }), 'cancel');
  // Otherwise it would be retried meanwhile, and its row would change.
  await api.act(waiting, 'pause');
});
test.after(async () => {
  await (server as TestServer | undefined)?.stop();
  await (site as Site | undefined)?.close();
});

const SITES = ['cross-site', 'same-site'];

const forged = (site: string, asked: Asked = {}): Asked => ({
  ...asked,
  headers: { cookie: `sluice_session=${api.token}`, 'sec-fetch-site': site, ...asked.headers },
});

async function everything(): Promise<string> {
  return JSON.stringify(await api.list());
}

/** A sign-in link of the operator: another site may have got hold of one. */
async function operatorLink(): Promise<string> {
  const { stdout } = await sluice(['operator', '--server', server.url], { place: server.place });
  const { pathname, search } = new URL(stdout.trim());
  return pathname + search;
}

test('no cross-origin GET changes anything or sets a cookie, on any path', async () => {
  const before = await everything();
  const paths = [
    '/',
    '/?url=http://127.0.0.1:9/shared.bin',
    '/link',
    '/inspector',
    await operatorLink(),
    '/inspector/sign-in?grant=x',
    '/no/such/page',
    '/favicon.svg',
    '/api',
    '/api/sessions',
    '/api/parse',
    '/api/engines',
    '/api/links/read',
    '/api/links/open',
    '/api/operator/sessions',
    '/api/channel',
    '/api/downloads',
    `/api/downloads/${done.id}`,
    `/api/downloads/${done.id}/file`,
    ...['pause', 'resume', 'cancel', 'retry'].map((action) => `/api/downloads/${waiting}/${action}`),
    `/api/inspector/trace?download=${done.id}`,
    '/healthz',
    '/readyz',
  ];
  for (const from of SITES) {
    for (const method of ['GET', 'HEAD']) {
      for (const path of paths) {
        for (const accept of ['text/html,*/*', '*/*']) {
          for (const cookie of [`sluice_session=${api.token}`, '', 'sluice_session=planted']) {
            const { headers, status } = await ask(
              server.url,
              path,
              forged(from, { method, headers: { accept, cookie } }),
            );
            assert.is(headers['set-cookie'], undefined, `${method} ${path}`);
            assert.ok(status < 500, `${method} ${path} ${status}`);
          }
        }
      }
    }
  }
  assert.is(await everything(), before);
});

test("a cross-origin navigation to the operator's link is redirected to the page that asks first", async () => {
  const { status, headers } = await ask(server.url, await operatorLink(), forged('cross-site'));
  assert.equal([status, headers['set-cookie']], [303, undefined]);
  assert.match(String(headers['location']), /^\/link#grant=\d{13}\./);
});

const JSON_BODY = JSON.stringify({ url: 'http://127.0.0.1:9/forged.bin' });
/** What a form or a `fetch` without a preflight can send. */
const SIMPLE_TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  '',
];

test('every cross-origin POST and DELETE is refused, whatever else it sends', async () => {
  const before = await everything();
  const paths = [
    '/',
    '/link',
    '/inspector/sign-in',
    '/api/sessions',
    '/api/parse',
    '/api/downloads',
    '/api/links/read',
    '/api/links/open',
    ...['pause', 'resume', 'cancel', 'retry'].map((action) => `/api/downloads/${waiting}/${action}`),
  ];
  for (const from of SITES) {
    for (const origin of ['https://evil.example', 'null', `http://127.0.0.1:1`, undefined]) {
      for (const type of [...SIMPLE_TYPES, 'application/json']) {
        for (const path of paths) {
          const headers: Record<string, string> = {
            ...(origin === undefined ? {} : { origin }),
            ...(type === '' ? {} : { 'content-type': type }),
          };
          const {
            status,
            code,
            headers: answered,
          } = await ask(
            server.url,
            path,
            forged(from, { method: 'POST', headers, body: type === '' ? '' : JSON_BODY }),
          );
          assert.is(`${path} ${status} ${code}`, `${path} 403 forbidden_origin`);
          assert.is(answered['set-cookie'], undefined);
        }
      }
      const headers: Record<string, string> = origin === undefined ? {} : { origin };
      const removal = forged(from, { method: 'DELETE', headers });
      assert.is((await ask(server.url, `/api/downloads/${done.id}?file=delete`, removal)).status, 403);
    }
  }
  assert.is(await everything(), before);
});

test('a browser too old for Origin and Sec-Fetch-Site still cannot submit a form', async () => {
  const before = await everything();
  for (const type of SIMPLE_TYPES.slice(0, 3)) {
    for (const path of [
      '/api/sessions',
      '/api/parse',
      '/api/downloads',
      '/api/links/open',
      `/api/downloads/${waiting}/resume`,
    ]) {
      const headers = { cookie: `sluice_session=${api.token}`, 'content-type': type };
      const {
        status,
        code,
        headers: answered,
      } = await ask(server.url, path, { method: 'POST', headers, body: JSON_BODY });
      assert.is(`${path} ${status} ${code}`, `${path} 415 unsupported_media_type`);
      assert.is(answered['set-cookie'], undefined);
    }
  }
  assert.is(await everything(), before);
});

test('a socket with a foreign Origin is refused although it sends the cookie', async () => {
  const cookie = `sluice_session=${api.token}`;
  for (const path of ['/api/channel', '/api/inspector/channel']) {
    const protocol = path === '/api/channel' ? 'sluice.v1' : 'sluice-inspector.v1';
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1']) {
      assert.is(
        await TestSocket.open(server.url, { cookie, origin }, [protocol], path),
        403,
        `${path} ${origin}`,
      );
    }
    for (const from of SITES) {
      assert.is(await TestSocket.open(server.url, { cookie, 'sec-fetch-site': from }, [protocol], path), 403);
    }
    const ours = await TestSocket.open(server.url, { cookie, origin: server.url }, [protocol], path);
    assert.type(ours, 'object', 'the cookie is good');
    if (typeof ours === 'object') ours.close();
  }
});

test('no answer can be framed, or loaded into a page of another origin', async () => {
  for (const path of [
    '/',
    '/link',
    '/inspector',
    '/no/such/page',
    '/api/downloads',
    '/api/nothing',
    '/api/engines',
    `/api/downloads/${done.id}`,
    `/api/downloads/${done.id}/file`,
    `/api/inspector/trace?download=${done.id}`,
    '/healthz',
  ]) {
    for (const cookie of [`sluice_session=${api.token}`, '']) {
      const { headers } = await ask(server.url, path, forged('cross-site', { headers: { cookie } }));
      assert.match(
        String(headers['content-security-policy']),
        /default-src 'none'.*frame-ancestors 'none'/,
        path,
      );
      assert.is(headers['x-frame-options'], 'DENY', path);
      assert.is(headers['cross-origin-resource-policy'], 'same-origin', path);
      assert.is(headers['access-control-allow-origin'], undefined, path);
      assert.is(headers['x-content-type-options'], 'nosniff', path);
    }
  }
});

test.run();
