import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Api } from '../support/api.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { settles } from '../support/wait.ts';
import { ask, type Asked } from './ask.ts';

const test = suite('http');
let server: TestServer;
let api: Api;
const json = { 'content-type': 'application/json' };

test.before(async () => {
  server = await startServer();
  api = await server.session();
});
test.after(async () => {
  await (server as TestServer | undefined)?.stop();
});

const mine = (asked: Asked = {}): Asked => ({
  ...asked,
  headers: { authorization: `Bearer ${api.token}`, ...asked.headers },
});

test('a session is created with an id, a token and a cookie that holds the token', async () => {
  const { status, headers, body } = await ask(server.url, '/api/sessions', { method: 'POST' });
  assert.is(status, 201);
  const { id, token } = JSON.parse(body.toString()) as { id: string; token: string };
  assert.ok(token.startsWith(`${id}.`));
  const [cookie = ''] = headers['set-cookie'] ?? [];
  assert.ok(cookie.startsWith(`sluice_session=${token};`), cookie);
  assert.match(cookie, /HttpOnly/);
  assert.match(cookie, /SameSite=Lax/);
  const listed = await ask(server.url, '/api/downloads', { headers: { cookie: `sluice_session=${token}` } });
  assert.is(listed.status, 200);
});

test('the page sets a session, keeps a valid one and replaces a forged one', async () => {
  const first = await ask(server.url, '/');
  assert.is(first.status, 200);
  const given = cookieOf(first.headers);
  assert.is(
    cookieOf((await ask(server.url, '/', { headers: { cookie: `sluice_session=${given}` } })).headers),
    given,
  );
  const planted = `${given.slice(0, -1)}${given.endsWith('A') ? 'B' : 'A'}`;
  const replaced = cookieOf(
    (await ask(server.url, '/', { headers: { cookie: `sluice_session=${planted}` } })).headers,
  );
  assert.is.not(replaced, planted);
  assert.is.not(replaced.split('.')[0], given.split('.')[0]);
});

function cookieOf(headers: Record<string, string | string[] | undefined>): string {
  const line = [headers['set-cookie'] ?? []].flat().find((cookie) => cookie.startsWith('sluice_session='));
  return /^sluice_session=([^;]*)/.exec(line ?? '')?.[1] ?? '';
}

test('without a session, or with a forged one, everything is 401', async () => {
  const forged = `${api.token.slice(0, 16)}.AAAAAAAAAAAA.${'A'.repeat(43)}`;
  for (const headers of [
    {},
    { authorization: `Bearer ${forged}` },
    { authorization: 'Basic YTpi' },
    { cookie: `sluice_session=${forged}` },
  ]) {
    for (const [method, path] of [
      ['GET', '/api/downloads'],
      ['GET', '/api/engines'],
      ['POST', '/api/parse'],
      ['POST', '/api/downloads'],
      ['GET', '/api/downloads/AAAAAAAAAAAA'],
      ['GET', '/api/downloads/AAAAAAAAAAAA/file'],
      ['DELETE', '/api/downloads/AAAAAAAAAAAA'],
    ] as const) {
      const { status, code, headers: answered } = await ask(server.url, path, { method, headers });
      assert.is(`${method} ${path} ${status} ${code}`, `${method} ${path} 401 unauthorized`);
      assert.match(String(answered['www-authenticate']), /^Bearer/);
    }
  }
});

test('an unknown path is 404, an unsupported method 405 with the supported ones', async () => {
  for (const path of [
    '/api',
    '/api/nothing',
    '/api/downloads/AAAAAAAAAAAA/explode',
    '/api/downloads/a/b/c',
  ]) {
    assert.is((await ask(server.url, path, mine())).status, 404, path);
  }
  const { status, code, headers } = await ask(server.url, '/api/downloads', mine({ method: 'PUT' }));
  assert.equal([status, code, headers['allow']], [405, 'method_not_allowed', 'GET, HEAD, POST']);
  assert.is((await ask(server.url, '/api/parse', mine())).status, 405);
  assert.is((await ask(server.url, '/api/sessions', mine())).status, 405);
});

test('a download that is unknown or of another session is 404', async () => {
  for (const [method, tail] of [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/pause'],
    ['POST', '/retry'],
    ['GET', '/file'],
  ] as const) {
    const { status, code } = await ask(server.url, `/api/downloads/AAAAAAAAAAAA${tail}`, mine({ method }));
    assert.is(`${method} ${tail} ${status} ${code}`, `${method} ${tail} 404 not_found`);
  }
});

test('a body whose content type is not JSON is 415, whatever it holds', async () => {
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/jsonp',
    '',
  ]) {
    const headers: Record<string, string> = type === '' ? {} : { 'content-type': type };
    const body = JSON.stringify({ url: 'http://example.com/' });
    const { status, code } = await ask(server.url, '/api/downloads', mine({ method: 'POST', headers, body }));
    assert.is(`${type} ${status} ${code}`, `${type} 415 unsupported_media_type`);
  }
  const charset = { 'content-type': 'application/json; charset=utf-8' };
  const taken = await ask(
    server.url,
    '/api/downloads',
    mine({ method: 'POST', headers: charset, body: '{}' }),
  );
  assert.is(taken.code, 'invalid_request');
});

test('a body over 64 KiB is 413, with or without Content-Length', async () => {
  const body = Buffer.alloc(64 * 1024 + 1, ' ');
  for (const headers of [
    { ...json, 'content-length': String(body.length) },
    { ...json, 'transfer-encoding': 'chunked' },
  ]) {
    const { status, code } = await ask(server.url, '/api/downloads', mine({ method: 'POST', headers, body }));
    assert.equal([status, code], [413, 'body_too_large']);
  }
  const most = Buffer.from(`{"url":"http://example.com/"}`.padEnd(64 * 1024, ' '));
  const { code } = await ask(
    server.url,
    '/api/parse',
    mine({ method: 'POST', headers: json, body: most.fill('{', 0, 1) }),
  );
  assert.is.not(code, 'body_too_large');
});

const REFUSED: [body: string, status: number, code: string][] = [
  ['{', 400, 'invalid_json'],
  ['\ufffe{}', 400, 'invalid_json'],
  ['', 400, 'invalid_json'],
  ['[]', 400, 'invalid_request'],
  ['{}', 400, 'invalid_request'],
  ['{"url":5}', 400, 'invalid_request'],
  ['{"url":"http://example.com/","exec":"x"}', 400, 'invalid_request'],
  ['{"url":"http://example.com/","constructor":"x"}', 400, 'invalid_request'],
  ['{"url":"http://example.com/","__proto__":"x"}', 400, 'invalid_request'],
  ['{"url":"http://example.com/","engine":"wget"}', 400, 'engine_unknown'],
  ['{"url":"http://example.com/","engine":"program:wget"}', 400, 'engine_unknown'],
  ['{"url":"not an address"}', 400, 'invalid_url'],
  ['{"url":"--exec=touch /x"}', 400, 'invalid_url'],
  ['{"url":"file:///etc/passwd"}', 400, 'unsupported_scheme'],
  ['{"url":"javascript:alert(1)"}', 400, 'unsupported_scheme'],
  [JSON.stringify({ url: `http://example.com/${'a'.repeat(8192)}` }), 400, 'url_too_long'],
  ['{"url":"http://169.254.169.254/latest/meta-data/"}', 403, 'address_refused'],
  ['{"url":"http://[::1]/"}', 403, 'address_refused'],
  ['{"url":"http://0x7f000002/"}', 403, 'address_refused'],
];
for (const [body, status, code] of REFUSED) {
  test(`${JSON.stringify(body.slice(0, 60))} is refused with ${code}, and nothing is started`, async () => {
    for (const path of ['/api/downloads', '/api/parse']) {
      const answer = await ask(server.url, path, mine({ method: 'POST', headers: json, body }));
      assert.equal([answer.status, answer.code], [status, code], path);
      assert.is(answer.headers['content-type'], 'application/problem+json');
    }
    assert.equal(await api.list(), []);
  });
}

test('a file name of which nothing would be left is refused, any other is accepted', async () => {
  const add = async (filename: string) => {
    const body = JSON.stringify({ url: 'http://127.0.0.1:9/f', filename });
    return ask(server.url, '/api/downloads', mine({ method: 'POST', headers: json, body }));
  };
  for (const filename of ['', '../..', '///', ' .\u202e\u200b', 'a'.repeat(1025)]) {
    const { status, code } = await add(filename);
    assert.equal([status, code], [400, 'invalid_filename'], JSON.stringify(filename));
  }
  assert.equal(await api.list(), []);
  for (const filename of ['_', '../é', '\u{1f4fc}', '.a']) {
    const { status, body } = await add(filename);
    assert.is(status, 202, filename);
    await api.expect(204, 'DELETE', `/api/downloads/${(JSON.parse(body.toString()) as { id: string }).id}`);
  }
});

test('a look-up is cancelled when its client disconnects', async () => {
  const reached = Promise.withResolvers<Socket>();
  const silent = createServer((socket) => reached.resolve(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const leaving = new AbortController();
  const asking = fetch(`${server.url}/api/parse`, {
    method: 'POST',
    headers: { ...json, authorization: `Bearer ${api.token}` },
    body: JSON.stringify({ url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}/` }),
    signal: leaving.signal,
  });
  const socket = await settles(reached.promise, { what: 'the look-up to reach the server' });
  socket.on('error', () => {});
  const closed = once(socket.resume(), 'close');
  leaving.abort();
  await settles(asking.catch(() => {}));
  await settles(closed, { what: 'the look-up to end', deadlineMs: 15_000 });
  silent.close();
});

test('a problem names its code, status and help', async () => {
  const { body } = await ask(server.url, '/api/downloads');
  const problem = JSON.parse(body.toString()) as Record<string, unknown>;
  assert.equal(Object.keys(problem), ['type', 'title', 'status', 'code', 'detail']);
  assert.is(problem['type'], 'docs/errors.md#unauthorized');
});

test('the engines are listed with their states', async () => {
  const { body } = await api.call<{ engines: { engine: string; state: string }[] }>('GET', '/api/engines');
  assert.equal(
    body.engines.map(({ engine }) => engine),
    ['http', 'lux', 'yt-dlp'],
  );
  assert.is(body.engines[0]?.state, 'ready');
});

test('every answer carries the security headers', async () => {
  for (const path of ['/', '/healthz', '/api/downloads', '/no/such/page', '/_app/version.json']) {
    const { headers } = await ask(server.url, path);
    assert.is(headers['x-content-type-options'], 'nosniff', path);
    assert.is(headers['x-frame-options'], 'DENY', path);
    assert.ok(headers['referrer-policy'], path);
    assert.is(headers['access-control-allow-origin'], undefined, path);
  }
  const policy = String((await ask(server.url, '/')).headers['content-security-policy']);
  for (const part of ["default-src 'none'", "frame-ancestors 'none'", "script-src 'self' 'nonce-"]) {
    assert.ok(policy.includes(part), `${part} is missing in ${policy}`);
  }
  assert.not.match(policy, /script-src[^;]*unsafe/);
});

test('HEAD answers as GET does, without a body', async () => {
  const { status, body } = await ask(server.url, '/api/downloads', mine({ method: 'HEAD' }));
  assert.equal([status, body.length], [200, 0]);
});

test('healthz and readyz are 200 without a session', async () => {
  for (const path of ['/healthz', '/readyz']) assert.is((await ask(server.url, path)).status, 200, path);
});

test.run();
