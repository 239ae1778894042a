/** People and their lists over HTTP: signing in and out, sharing, removing; and what another person gets of it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CLOSE } from '#lib/protocol/channel.ts';
import type { ListView, PeopleList } from '#lib/protocol/people.ts';
import { Api } from '../support/api.ts';
import { accept, addPerson, firstLinkOf, grantOf, PASSWORD, Person } from '../support/people.ts';
import { makePlace, startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait.ts';
import { ask, TestSocket } from './ask.ts';

const NOWHERE = 'http://127.0.0.1:9/';
const env = { SLUICE_AUTH: 'password', SLUICE_ENGINES: 'http' };
const place = makePlace();
let server: TestServer;
let ann: Person;
let ben: Person;

const add = (person: Person, name: string) =>
  person.expect<{ id: string }>(202, 'POST', '/api/downloads', { url: NOWHERE + name });
const socketOf = async ({ url, cookie }: Person) => {
  const socket = await TestSocket.open(url, { cookie, origin: url });
  if (typeof socket === 'number') throw new Error(`the socket was refused: ${socket}`);
  return socket;
};

test.before(async () => {
  server = await startServer({ place, env });
  ann = await accept(server.url, await firstLinkOf(server), 'Ann');
  ben = await addPerson(server, 'Ben');
});
test.after(async () => {
  await server.stop();
  place.remove();
});

test('the link of the first start makes an operator, once', async () => {
  assert.equal(await ann.account(), {
    auth: 'password',
    name: 'Ann',
    role: 'operator',
    lists: [{ ...(await ann.account()).lists[0], name: '', sharedBy: null, isCurrent: true }],
  });
  const again = new Person(server.url);
  const grant = grantOf(await firstLinkOf(server));
  const answer = await again.call('POST', '/api/invitations/accept', {
    grant,
    password: PASSWORD,
    name: 'Eve',
  });
  assert.equal([answer.status, answer.code, again.cookie], [410, 'link_used', '']);
});

test('nobody gets a session without signing in, whatever they send', async () => {
  for (const headers of [{}, { origin: server.url }, { cookie: 'sluice_session=planted' }])
    assert.is((await ask(server.url, '/api/sessions', { method: 'POST', headers })).code, 'sign_in_required');
  for (const path of ['/', '/devices', '/account', '/people', '/nothing', '/inspector']) {
    const page = await ask(server.url, path, { headers: { accept: 'text/html' } });
    assert.equal([page.status, page.headers['set-cookie']], [303, undefined], path);
    assert.match(String(page.headers['location']), /^\/sign-in/);
  }
  for (const path of ['/sign-in', '/link', '/healthz', '/session.js'])
    assert.is((await ask(server.url, path)).status, 200, path);
});

test('a wrong password and an unknown name are answered alike', async () => {
  const stranger = new Person(server.url);
  const [wrong, unknown] = [await stranger.signIn('Ann', 'wrong'), await stranger.signIn('Nobody', 'wrong')];
  assert.equal([wrong.status, wrong.code], [403, 'wrong_password']);
  assert.equal(wrong.body.toString(), unknown.body.toString());
  assert.is(stranger.cookie, '');
  assert.is((await stranger.signIn('ANN')).status, 200, 'in any case');
});

test("a person's browsers share their list, and nobody else sees it by any route", async () => {
  const phone = new Person(server.url);
  await phone.signIn('Ann');
  const { id } = await add(ann, 'mine');
  assert.equal(await phone.listed(), [`${NOWHERE}mine`]);
  assert.equal(await ben.listed(), []);
  const list = (await ann.account()).lists[0]?.id ?? '';
  const refused: [string, string, unknown?][] = [
    ['GET', `/api/downloads/${id}`],
    ['GET', `/api/downloads/${id}/file`],
    ['DELETE', `/api/downloads/${id}?file=delete`],
    ...['pause', 'resume', 'cancel', 'retry'].map((verb): [string, string] => [
      'POST',
      `/api/downloads/${id}/${verb}`,
    ]),
    ['GET', `/api/inspector/trace?download=${id}`],
    ['POST', `/api/account/lists/${list}/open`, {}],
    ['GET', `/api/account/lists/${list}/shares`],
    ['POST', `/api/account/lists/${list}/shares`, { name: 'Ben' }],
    ['DELETE', `/api/account/lists/${list}/shares/${list}`],
    ['GET', '/api/people'],
    ['POST', '/api/people', { name: 'Eve' }],
    ['POST', `/api/people/${list}/reset`],
    ['DELETE', `/api/people/${list}`],
    ['GET', '/api/operator/sessions'],
  ];
  const cookie = ben.cookie;
  for (const [method, path, body] of refused) {
    const { status, body: text } = await ben.call(method, path, body);
    assert.ok([401, 403, 404].includes(status), `${method} ${path}: ${status} ${text.toString()}`);
  }
  assert.is(ben.cookie, cookie);
  // Nor by any message.
  const socket = await socketOf(ben);
  socket.send({ type: 'hello' });
  const commands = ['pause', 'resume', 'cancel', 'retry', 'remove'];
  for (const name of commands)
    socket.send({
      type: 'command',
      id: name,
      name,
      downloadId: id,
      ...(name === 'remove' ? { file: 'delete' } : {}),
    });
  await waitFor(() => socket.messages.length > commands.length, { what: 'all answers' });
  assert.equal(
    socket.messages.map((message) => (message.type === 'reject' ? message.error.code : message.type)),
    ['snapshot', ...commands.map(() => 'not_found')],
  );
  assert.is(JSON.stringify(socket.messages[0]).includes('mine'), false);
  socket.close();
  const { devices } = await ben.expect<{ devices: unknown[] }>(200, 'GET', '/api/devices');
  assert.is(devices.length, 1);
  assert.is((await ann.call('GET', `/api/downloads/${id}`)).status, 200);
});

test('signing out closes the sockets of that browser alone; everywhere, those of all', async () => {
  const [one, two] = [new Person(server.url), new Person(server.url)];
  await Promise.all([one.signIn('Ann'), two.signIn('Ann')]);
  const sockets = await Promise.all([socketOf(one), socketOf(two), socketOf(ann), socketOf(ben)]);
  const was = one.cookie;
  await one.expect(204, 'POST', '/api/account/sign-out');
  assert.is(await sockets[0]?.closed, CLOSE.sessionGone);
  assert.is((await new Person(server.url, was).call('GET', '/api/downloads')).status, 401);
  assert.equal(
    sockets.map(({ ws }) => ws.readyState),
    [3, 1, 1, 1],
  );
  await two.expect(204, 'POST', '/api/account/sign-out-everywhere');
  assert.equal([await sockets[1]?.closed, await sockets[2]?.closed], [CLOSE.sessionGone, CLOSE.sessionGone]);
  assert.is(sockets[3]?.ws.readyState, 1);
  assert.is((await ann.call('GET', '/api/downloads')).status, 401);
  await ann.signIn('Ann');
  assert.is((await ann.listed()).length, 1, 'the list is there');
  sockets[3]?.close();
});

test('a list is shared by name, and withdrawn: its sockets close, and the token of a program too', async () => {
  const made = await ann.expect<ListView>(201, 'POST', '/api/account/lists', { name: 'Family' });
  await ann.expect(200, 'POST', `/api/account/lists/${made.id}/open`, {});
  await add(ann, 'shared');
  await ann.expect(204, 'POST', `/api/account/lists/${made.id}/shares`, { name: 'ben' });
  const shared = (await ben.account()).lists.find(({ id }) => id === made.id);
  assert.equal([shared?.name, shared?.sharedBy, shared?.isCurrent], ['Family', 'Ann', false]);
  await ben.expect(200, 'POST', `/api/account/lists/${made.id}/open`, {});
  assert.equal(await ben.listed(), [`${NOWHERE}shared`]);
  const socket = await socketOf(ben);
  const { token } = await ben.expect<{ token: string }>(201, 'POST', '/api/devices', {
    name: 'script',
    scope: 'full',
    expiresInDays: null,
  });
  const script = new Api(server.url, token);
  assert.is((await script.list()).length, 1);
  for (const [method, path] of [
    ['POST', '/api/account/sign-out-everywhere'],
    ['POST', '/api/account/lists'],
  ] as const)
    assert.is((await script.call(method, path)).status, 403, 'a token is no person');
  assert.is((await script.call('POST', '/api/devices/link')).status, 403, 'and cannot sign in as one');
  // Who it was shared with does not see or withdraw what the owner has open.
  const { devices } = await ben.expect<{ devices: { person: string }[] }>(200, 'GET', '/api/devices');
  assert.equal(new Set(devices.map(({ person }) => person)), new Set(['Ben']));
  await ben.expect(204, 'DELETE', '/api/devices');
  assert.is((await ann.call('GET', '/api/downloads')).status, 200);

  const { people } = await ann.expect<{ people: { id: string }[] }>(
    200,
    'GET',
    `/api/account/lists/${made.id}/shares`,
  );
  await ann.expect(204, 'DELETE', `/api/account/lists/${made.id}/shares/${people[0]?.id}`);
  assert.is(await socket.closed, CLOSE.sessionGone);
  assert.equal(
    [(await script.call('GET', '/api/downloads')).status, (await ben.call('GET', '/api/downloads')).status],
    [401, 401],
  );
  await ben.signIn('Ben');
  assert.equal([await ben.listed(), (await ben.account()).lists.length], [[], 1]);
});

test('changing the password ends other browsers, and the old one is wrong', async () => {
  const cara = await ann.add('Cara');
  const phone = new Person(server.url);
  await phone.signIn('Cara');
  const next = 'another horse battery';
  const wrong = await cara.call('POST', '/api/account/password', { current: 'wrong', password: next });
  assert.is(wrong.code, 'wrong_password');
  assert.is(
    (await cara.call('POST', '/api/account/password', { current: PASSWORD, password: 'short' })).code,
    'invalid_request',
  );
  await cara.expect(200, 'POST', '/api/account/password', { current: PASSWORD, password: next });
  assert.equal(
    [(await cara.call('GET', '/api/downloads')).status, (await phone.call('GET', '/api/downloads')).status],
    [200, 401],
  );
  assert.is((await phone.signIn('Cara')).code, 'wrong_password');
  assert.is((await phone.signIn('Cara', next)).status, 200);
});

test('who is removed is signed out at once, and their lists are emptied', async () => {
  const dan = await ann.add('Dan');
  await add(dan, 'gone');
  const { downloads } = await dan.expect<{ downloads: { id: string }[] }>(200, 'GET', '/api/downloads');
  assert.is(downloads.length, 1);
  const socket = await socketOf(dan);
  const { people } = await ann.expect<PeopleList>(200, 'GET', '/api/people');
  const id = (name: string) => people.find((person) => person.name === name)?.id;
  await ann.expect(204, 'DELETE', `/api/people/${id('Dan')}?file=delete`);
  assert.is(await socket.closed, CLOSE.sessionGone);
  assert.is((await dan.call('GET', '/api/downloads')).status, 401);
  assert.is((await new Person(server.url).signIn('Dan')).code, 'wrong_password');
  await waitFor(
    async () =>
      !(await ann.expect<PeopleList>(200, 'GET', '/api/people')).people.some(({ name }) => name === 'Dan'),
    { what: 'Dan to be forgotten' },
  );
  const last = await ann.call('DELETE', `/api/people/${id('Ann')}`);
  assert.is(last.code, 'last_operator');
});

test.run();
