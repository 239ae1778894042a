/** The devices of a list, as browsers and programs use them: a second browser by a link, named tokens, withdrawing. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DeviceLink, DeviceList, DeviceView, NewToken } from '#lib/protocol/device.ts';
import { INSPECTOR_SUBPROTOCOL } from '#lib/protocol/inspection.ts';
import { Api } from '../support/api.ts';
import { makePlace, type Place, startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait.ts';
import { ask, TestSocket } from './ask.ts';

const test = suite('devices');
const NOWHERE = 'http://127.0.0.1:9';
const FOREIGN = 'https://extension.example';
let place: Place;
let server: TestServer;
let list: Api;

test.before(async () => {
  place = makePlace();
  server = await startServer({ place, env: { SLUICE_ENGINES: 'http', SLUICE_INSPECTOR: '1' } });
});
test.before.each(async () => {
  list = await server.session();
  const id = await list.add({ url: `${NOWHERE}/mine.bin` });
  await list.act(id, 'cancel');
});
test.after(async () => {
  await (server as TestServer | undefined)?.stop();
  place.remove();
});

const devicesOf = async (api: Api): Promise<DeviceView[]> =>
  (await api.expect<DeviceList>(200, 'GET', '/api/devices')).devices;

async function newToken(
  api: Api,
  scope: string,
  expiresInDays: number | null = 1,
): Promise<{ id: string; api: Api }> {
  const fields = { name: `for ${scope}`, scope, expiresInDays };
  const { device, token } = await api.expect<NewToken>(201, 'POST', '/api/devices', fields);
  return { id: device.id, api: new Api(server.url, token) };
}

const newLink = async (api: Api): Promise<string> => {
  const { path } = await api.expect<DeviceLink>(201, 'POST', '/api/devices/link');
  return new URLSearchParams(path.replace('/link#', '')).get('grant') ?? '';
};

/** Another browser opens a link. @returns its status and what its cookie holds */
async function open(grant: string, userAgent: string): Promise<{ status: number; api: Api }> {
  const headers = {
    'content-type': 'application/json',
    origin: server.url,
    'sec-fetch-site': 'same-origin',
    'user-agent': userAgent,
  };
  const body = JSON.stringify({ grant });
  const answer = await ask(server.url, '/api/links/open', { method: 'POST', headers, body });
  const [line = ''] = answer.headers['set-cookie'] ?? [];
  const token = /^sluice_session=([^;]+)/.exec(line)?.[1] ?? '';
  return { status: answer.status, api: new Api(server.url, token) };
}

/** A link is as old as the millisecond that it was made in: one made within it is as new as what withdraws it. */
async function waitForNextMs(): Promise<void> {
  const from = Date.now();
  await waitFor(async () => Date.now() > from);
}

const PHONE = 'Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0';

test('a phone gets the list by a link that works once, and each sees the other', async () => {
  const grant = await newLink(list);
  const phone = await open(grant, PHONE);
  assert.is(phone.status, 200);
  assert.is((await open(grant, PHONE)).status, 410);
  assert.is((await phone.api.list()).length, 1);
  const seen = await devicesOf(phone.api);
  assert.equal(
    seen.map(({ kind, name, scope, isCurrent }) => [kind, name, scope, isCurrent]),
    [
      ['browser', 'Firefox, Android', 'full', true],
      ['browser', '', 'full', false],
    ],
  );
  assert.equal(
    (await devicesOf(list)).map(({ name, isCurrent }) => [name, isCurrent]),
    [
      ['', true],
      ['Firefox, Android', false],
    ],
  );
});

test('a device that is withdrawn loses its sockets and its access at once, also after a restart', async () => {
  const { api: phone } = await open(await newLink(list), PHONE);
  const token = await newToken(list, 'full');
  const other = await server.session();
  const sockets = await Promise.all(
    [phone, token.api, list, other].map((api) => TestSocket.of(server.url, api.token)),
  );
  const inspector = await TestSocket.open(
    server.url,
    { authorization: `Bearer ${phone.token}` },
    [INSPECTOR_SUBPROTOCOL],
    '/api/inspector/channel',
  );
  if (typeof inspector === 'number') throw new Error(`the inspector was refused: ${inspector}`);
  for (const { id, isCurrent } of await devicesOf(list))
    if (!isCurrent) await list.expect(204, 'DELETE', `/api/devices/${id}`);
  const [ofPhone, ofToken, own, ofOther] = sockets;
  assert.equal([await ofPhone?.closed, await ofToken?.closed, await inspector.closed], [4001, 4001, 4001]);
  assert.equal([own?.ws.readyState, ofOther?.ws.readyState], [1, 1]);
  const refusals = async (): Promise<(number | string)[]> => [
    (await phone.call('GET', '/api/downloads')).status,
    (await token.api.call('GET', '/api/devices')).status,
    (
      await ask(server.url, '/api/inspector/trace?download=x', {
        headers: { cookie: `sluice_session=${phone.token}` },
      })
    ).status,
    (await TestSocket.open(server.url, { cookie: `sluice_session=${phone.token}` })) as number,
  ];
  assert.equal(await refusals(), [401, 401, 404, 401]);
  own?.close();
  ofOther?.close();
  await server.stop();
  server = await startServer({
    place,
    port: server.port,
    env: { SLUICE_ENGINES: 'http', SLUICE_INSPECTOR: '1' },
  });
  assert.equal(await refusals(), [401, 401, 404, 401]);
  assert.is((await list.list()).length, 1);
});

test('the first browser can be withdrawn too, though its token was given out without a row', async () => {
  const { api: phone } = await open(await newLink(list), PHONE);
  const [, first] = await devicesOf(phone);
  await phone.expect(204, 'DELETE', `/api/devices/${first?.id}`);
  assert.is((await list.call('GET', '/api/downloads')).status, 401);
  assert.is((await phone.list()).length, 1);
});

test('all others can be withdrawn in one go, and their links too', async () => {
  const { api: phone } = await open(await newLink(list), PHONE);
  const { api: token } = await newToken(list, 'read', null);
  const grant = await newLink(list);
  await waitForNextMs();
  await phone.expect(204, 'DELETE', '/api/devices');
  assert.equal(
    [(await list.call('GET', '/api/downloads')).status, (await token.call('GET', '/api/downloads')).status],
    [401, 401],
  );
  assert.is((await open(grant, PHONE)).status, 410);
  assert.is((await devicesOf(phone)).length, 1);
});

test('a link that was withdrawn, or that a newer one replaces, opens nothing', async () => {
  const first = await newLink(list);
  await waitForNextMs();
  const second = await newLink(list);
  await waitForNextMs();
  await list.expect(204, 'DELETE', '/api/devices/link');
  assert.equal([(await open(first, PHONE)).status, (await open(second, PHONE)).status], [410, 410]);
});

test('a token does what its scope says and nothing else', async () => {
  const { api: read } = await newToken(list, 'read');
  const { api: add } = await newToken(list, 'add');
  const [download] = await list.list();
  const status = async (api: Api, method: string, path: string, body?: unknown): Promise<number> =>
    (await api.call(method, path, body)).status;
  for (const [method, path, body, ofRead, ofAdd] of [
    ['GET', '/api/downloads', undefined, 200, 200],
    ['GET', `/api/downloads/${download?.id}`, undefined, 200, 200],
    ['POST', '/api/downloads', { url: `${NOWHERE}/new.bin` }, 403, 202],
    ['POST', `/api/downloads/${download?.id}/retry`, undefined, 403, 403],
    ['DELETE', `/api/downloads/${download?.id}`, undefined, 403, 403],
    ['GET', '/api/devices', undefined, 403, 403],
    ['POST', '/api/devices', { name: 'more', scope: 'full', expiresInDays: null }, 403, 403],
    ['POST', '/api/devices/link', undefined, 403, 403],
    ['DELETE', '/api/devices', undefined, 403, 403],
  ] as const) {
    assert.equal(
      [await status(read, method, path, body), await status(add, method, path, body)],
      [ofRead, ofAdd],
      `${method} ${path}`,
    );
  }
  for (const { token } of [read, add])
    assert.is(await TestSocket.open(server.url, { authorization: `Bearer ${token}` }), 403);
});

test("another list's devices are not there", async () => {
  const other = await server.session();
  const { id } = await newToken(list, 'full');
  assert.is((await other.call('DELETE', `/api/devices/${id}`)).status, 404);
  assert.is((await devicesOf(other)).length, 1);
  assert.is((await devicesOf(list)).length, 2);
});

test('a token needs a name that can be read, a scope, and an expiry or none', async () => {
  for (const body of [
    {},
    { name: '', scope: 'read', expiresInDays: 1 },
    { name: '  ', scope: 'read', expiresInDays: 1 },
    { name: 'x'.repeat(65), scope: 'read', expiresInDays: 1 },
    { name: 'a\u202eb', scope: 'read', expiresInDays: 1 },
    { name: 'a\nb', scope: 'read', expiresInDays: 1 },
    { name: 'a', scope: 'root', expiresInDays: 1 },
    { name: 'a', scope: 'read' },
    { name: 'a', scope: 'read', expiresInDays: 0 },
    { name: 'a', scope: 'read', expiresInDays: 1.5 },
    { name: 'a', scope: 'read', expiresInDays: 3651 },
  ]) {
    const { status, body: problem } = await list.call<{ code: string }>('POST', '/api/devices', body);
    assert.equal([status, problem.code], [400, 'invalid_request'], JSON.stringify(body));
  }
});

test('a list has 64 devices at most', async () => {
  for (let count = 1; count < 64; count++) await newToken(list, 'read');
  const { status, body } = await list.call<{ code: string }>('POST', '/api/devices', {
    name: 'one more',
    scope: 'read',
    expiresInDays: 1,
  });
  assert.equal([status, body.code], [409, 'too_many_devices']);
});

test('pages of other origins may call with a token, and with nothing else', async () => {
  const { api: add } = await newToken(list, 'add');
  const preflight = await ask(server.url, '/api/downloads', {
    method: 'OPTIONS',
    headers: {
      origin: FOREIGN,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  });
  const { headers } = preflight;
  assert.equal(
    [preflight.status, headers['access-control-allow-origin'], headers['access-control-allow-credentials']],
    [204, '*', undefined],
  );
  assert.match(String(headers['access-control-allow-headers']), /authorization/);
  const post = (more: Record<string, string>, path = '/api/downloads') =>
    ask(server.url, path, {
      method: 'POST',
      headers: {
        origin: FOREIGN,
        'sec-fetch-site': 'cross-site',
        'content-type': 'application/json',
        ...more,
      },
      body: JSON.stringify({ url: `${NOWHERE}/from-a-page.bin` }),
    });
  const cookie = `sluice_session=${list.token}`;
  const added = await post({ authorization: `Bearer ${add.token}` });
  assert.equal([added.status, added.headers['access-control-allow-origin']], [202, '*']);
  const refused = await post({ authorization: 'Bearer nonsense', cookie });
  assert.equal(
    [refused.status, refused.headers['access-control-allow-origin']],
    [401, '*'],
    'it can be read',
  );
  for (const [what, path] of [
    [{ cookie }, '/api/downloads'],
    [{ authorization: `Basic ${list.token}`, cookie }, '/api/downloads'],
    [{ authorization: `Bearer ${add.token}`, cookie }, '/api/sessions'],
    [{ authorization: `Bearer ${add.token}`, cookie }, '/api/links/open'],
  ] as const) {
    const answer = await post(what, path);
    assert.equal(
      [answer.code, answer.headers['access-control-allow-origin']],
      ['forbidden_origin', undefined],
      path,
    );
  }
  for (const path of ['/api/sessions', '/api/links/open', '/api/inspector/trace', '/', '/healthz']) {
    const { status, headers: none } = await ask(server.url, path, {
      method: 'OPTIONS',
      headers: { origin: FOREIGN, 'access-control-request-method': 'POST' },
    });
    assert.equal([status, none['access-control-allow-origin']], [403, undefined], path);
  }
  const foreignHost = await ask(server.url, '/api/downloads', {
    method: 'OPTIONS',
    headers: { host: 'evil.example', origin: FOREIGN, 'access-control-request-method': 'POST' },
  });
  assert.is(foreignHost.code, 'forbidden_host');
});

test.run();
