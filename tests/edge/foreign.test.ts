import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Api } from '../support/api.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { ask, TestSocket } from './ask.ts';

const test = suite('foreign');
let server: TestServer;
let api: Api;
let port: number;

test.before(async () => {
  server = await startServer({ env: { SLUICE_ORIGINS: 'https://dl.example.org' } });
  api = await server.session();
  port = server.port;
});
test.after(async () => {
  await (server as TestServer | undefined)?.stop();
});

test('an unknown Host is refused everywhere: page, assets, API and health', async () => {
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1',
    '127.0.0.1:1',
    `localhost.evil:${port}`,
  ]) {
    for (const path of ['/', '/_app/version.json', '/api/downloads', '/healthz']) {
      const { status, code } = await ask(server.url, path, {
        headers: { host, authorization: `Bearer ${api.token}` },
      });
      assert.is(`${host} ${path} ${status} ${code}`, `${host} ${path} 403 forbidden_host`);
    }
  }
});

test('loopback names and configured origins are answered', async () => {
  for (const host of [
    `127.0.0.1:${port}`,
    `localhost:${port}`,
    `LOCALHOST:${port}`,
    `[::1]:${port}`,
    'dl.example.org',
  ]) {
    assert.is((await ask(server.url, '/', { headers: { host } })).status, 200, host);
  }
});

test('behind https the cookie is Secure', async () => {
  const cookie = async (host: string) =>
    String((await ask(server.url, '/', { headers: { host } })).headers['set-cookie']);
  assert.match(await cookie('dl.example.org'), /Secure/);
  assert.not.match(await cookie(`localhost:${port}`), /Secure/);
});

test('a client cannot claim by header that it came over https', async () => {
  const headers = { 'x-sluice-protocol': 'https', 'x-forwarded-proto': 'https' };
  assert.not.match(String((await ask(server.url, '/', { headers })).headers['set-cookie']), /Secure/);
});

test('a foreign Origin that has a cookie alone gets no CORS headers on GET, and no other method at all', async () => {
  const headers = { origin: 'https://evil.example', cookie: `sluice_session=${api.token}` };
  const { status, headers: answered } = await ask(server.url, '/api/downloads', { headers });
  assert.equal([status, answered['access-control-allow-origin']], [200, undefined]);
  for (const method of ['POST', 'DELETE', 'PUT', 'PATCH', 'OPTIONS']) {
    for (const origin of [
      'https://evil.example',
      'null',
      'http://dl.example.org',
      `https://127.0.0.1:${port}`,
    ]) {
      const { status, code } = await ask(server.url, '/api/downloads', {
        method,
        headers: { ...headers, origin },
      });
      assert.is(`${method} ${origin} ${status} ${code}`, `${method} ${origin} 403 forbidden_origin`);
    }
  }
  assert.is((await ask(server.url, '/api/sessions', { method: 'POST', headers })).code, 'forbidden_origin');
});

test('a request that names another host in its target is refused', async () => {
  assert.is((await ask(server.url, 'http://evil.example/')).status, 400);
});

const socket = (headers: Record<string, string>, protocols?: string[]) =>
  TestSocket.open(server.url, headers, protocols);

test('a socket of a foreign Origin or Host, or without a session, is refused', async () => {
  const authorization = `Bearer ${api.token}`;
  assert.is(await socket({ authorization, origin: 'https://evil.example' }), 403);
  assert.is(await socket({ authorization, origin: 'null' }), 403);
  assert.is(await socket({ authorization, host: 'evil.example' }), 403);
  assert.is(await socket({}), 401);
  assert.is(await socket({ cookie: 'sluice_session=planted' }), 401);
  assert.is(await socket({ authorization }, ['other.v1']), 400);
});

test('a socket of an allowed page, by cookie, and of a program, by token, is accepted', async () => {
  for (const headers of [
    { cookie: `sluice_session=${api.token}`, origin: `http://localhost:${port}` },
    { cookie: `sluice_session=${api.token}`, origin: 'https://dl.example.org', host: 'dl.example.org' },
    { authorization: `Bearer ${api.token}` },
  ]) {
    const opened = await socket(headers);
    assert.type(opened, 'object', JSON.stringify(headers));
    if (typeof opened === 'object') {
      assert.is(opened.ws.protocol, 'sluice.v1');
      opened.close();
    }
  }
});

test('an upgrade on any other path is refused', async () => {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  };
  assert.is((await ask(server.url, '/elsewhere', { headers })).status, 404);
});

test.run();
