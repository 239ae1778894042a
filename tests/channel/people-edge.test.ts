/** What people, operators and programs may do, by the edge in this process: `tests/edge` has the same on a real server. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DeviceLink, DeviceList, NewToken } from '#lib/protocol/device.ts';
import type {
  AccountView,
  InvitedPerson,
  ListView,
  PeopleList,
  PersonView,
  Shares,
} from '#lib/protocol/people.ts';
import type { PeopleUse } from '#lib/protocol/person-limits.ts';
import { firstLink, peopleCall, startPeople } from '../../src/server/people.ts';
import { Api } from '../support/api.ts';
import { type EdgeInProcess, startEdge } from '../support/edge-in-process.ts';
import { accept, grantOf, PASSWORD, Person } from '../support/people.ts';
import { waitFor } from '../support/wait.ts';

const NOWHERE = 'http://127.0.0.1:9/';
let server: EdgeInProcess;
let ann: Person;
let ben: Person;

test.before(async () => {
  server = await startEdge();
  ann = await accept(server.url, (await firstLink(server.edge)) ?? '', 'Ann');
  ben = await ann.add('Ben');
});
test.after(() => server.close());

const idOf = async (name: string): Promise<string> => {
  const { people } = await ann.expect<PeopleList>(200, 'GET', '/api/people');
  return people.find((person) => person.name === name)?.id ?? '';
};
const command = (verb: string, more: object = {}) => peopleCall(server.edge)({ verb, ...more });
const newToken = (of: Person, fields: object = {}) =>
  of.expect<NewToken>(201, 'POST', '/api/devices', {
    name: 'script',
    scope: 'full',
    expiresInDays: 1,
    ...fields,
  });
const add = (of: Person, name: string) =>
  of.expect<{ id: string }>(202, 'POST', '/api/downloads', { url: NOWHERE + name });
const openLink = (of: Person, path: string) => of.call('POST', '/api/links/open', { grant: grantOf(path) });

test('the account has the lists, and which is open; a second one is opened in place of the first', async () => {
  assert.is(await firstLink(server.edge), null, 'there is somebody');
  const made = await ann.expect<ListView>(201, 'POST', '/api/account/lists', { name: 'Second' });
  const views = async () => (await ann.account()).lists.map(({ name, isCurrent }) => [name, isCurrent]);
  assert.equal(await views(), [
    ['', true],
    ['Second', false],
  ]);
  const before = ann.cookie;
  const [first] = (await ann.account()).lists;
  await ann.expect(200, 'POST', `/api/account/lists/${made.id}/open`, {});
  assert.equal(await views(), [
    ['', false],
    ['Second', true],
  ]);
  assert.is.not(ann.cookie, before);
  await ann.expect(200, 'POST', `/api/account/lists/${first?.id}/open`, {});
  assert.is((await ann.call('POST', '/api/account/lists/nobodys-list-000/open', {})).code, 'not_found');
});

test('a program is not its person, in whichever header its token comes', async () => {
  const { token } = await newToken(ann);
  const program = new Api(server.url, token);
  for (const [method, path, code] of [
    ['POST', '/api/account/lists', 'scope_refused'],
    ['POST', '/api/account/sign-out-everywhere', 'scope_refused'],
    ['GET', '/api/people', 'scope_refused'],
    ['POST', '/api/devices/link', 'scope_refused'],
    ['DELETE', '/api/devices', 'scope_refused'],
    ['GET', '/api/settings', 'not_operator'],
  ] as const) {
    const { body } = await program.call<{ code: string }>(method, path);
    assert.is(body.code, code, path);
  }
  const { lists, role } = await program.expect<AccountView>(200, 'GET', '/api/account');
  assert.equal([lists.map(({ name }) => name), role], [[''], null]);
  const { devices } = await program.expect<DeviceList>(200, 'GET', '/api/devices');
  assert.is(devices[0]?.isCurrent, true);
  const cookie = new Person(server.url, `sluice_session=${token}`);
  assert.is((await cookie.call('GET', '/api/people')).status, 401);
  assert.is((await program.call('DELETE', `/api/devices/${devices[0]?.id}`)).status, 204, 'but itself');
  assert.is((await program.call('GET', '/api/downloads')).status, 401);
});

test('operators see who there is and what is used, set limits and make links; others do not', async () => {
  for (const [method, path, body] of [
    ['GET', '/api/people', undefined],
    ['GET', '/api/people/use', undefined],
    ['GET', '/api/settings', undefined],
    ['POST', '/api/people', { name: 'Eve' }],
    ['PUT', `/api/people/${await idOf('Ben')}/limits`, { bytes: null, slots: 1, addsPerDay: null }],
    ['POST', `/api/people/${await idOf('Ann')}/reset`, undefined],
    ['DELETE', `/api/people/${await idOf('Ann')}`, undefined],
  ] as const)
    assert.is((await ben.call(method, path, body)).code, 'not_operator', path);
  const limits = { bytes: 5e9, slots: 2, addsPerDay: 1 };
  await ann.expect(204, 'PUT', `/api/people/${await idOf('Ben')}/limits`, limits);
  await add(ben, 'only');
  assert.is((await ben.call('POST', '/api/downloads', { url: `${NOWHERE}more` })).code, 'too_many_requests');
  const { people: uses } = await ann.expect<PeopleUse>(200, 'GET', '/api/people/use');
  assert.equal(
    uses.map(({ adds, bytes }) => [adds, bytes]),
    [
      [null, 0],
      [1, 0],
    ],
  );
  const { people, current } = await ann.expect<PeopleList>(200, 'GET', '/api/people');
  const seen = people.map(({ name, role, hasPassword, isLeaving }) => [name, role, hasPassword, isLeaving]);
  assert.equal(seen, [
    ['Ann', 'operator', true, false],
    ['Ben', 'person', true, false],
  ]);
  assert.equal([current, people[1]?.limits], [await idOf('Ann'), limits]);
  const made = (await command('limit', { name: 'ben', limits: { ...limits, addsPerDay: null } })) as {
    person: PersonView;
  };
  assert.is(made.person.limits.addsPerDay, null);
  await add(ben, 'another');
});

test('what a crash kept from a list gets there at the start', async () => {
  const { edge, sluice } = server;
  const [list] = (await ben.account()).lists;
  const id = await idOf('Ben');
  const limits = { bytes: 7e9, slots: 3, addsPerDay: null };
  await edge.people.directory.call('setLimits', id, limits);
  const own = () => sluice.sessionList.ownOf(list?.id ?? '');
  assert.is(own()?.limits.bytes, 5e9);
  await startPeople(edge, (of) => sluice.sessionList.ownOf(of));
  assert.equal(own(), { person: id, limits });
});

test('a list is shared by name; withdrawn, its browsers and programs end, and nothing else', async () => {
  const made = await ann.expect<ListView>(201, 'POST', '/api/account/lists', { name: 'Family' });
  const path = `/api/account/lists/${made.id}`;
  await ann.expect(204, 'POST', `${path}/shares`, { name: 'Ben' });
  const guest = new Person(server.url);
  await guest.signIn('Ben');
  await guest.expect(200, 'POST', `${path}/open`, {});
  const program = new Api(server.url, (await newToken(guest)).token);
  assert.is((await program.call('GET', '/api/downloads')).status, 200);
  const { path: link } = await guest.expect<DeviceLink>(201, 'POST', '/api/devices/link');
  const { people } = await ann.expect<Shares>(200, 'GET', `${path}/shares`);
  assert.equal(
    people.map(({ name }) => name),
    ['Ben'],
  );
  await ann.expect(204, 'DELETE', `${path}/shares/${people[0]?.id}`);
  assert.equal(
    [
      (await guest.call('GET', '/api/downloads')).status,
      (await program.call('GET', '/api/downloads')).status,
    ],
    [401, 401],
  );
  assert.is((await openLink(new Person(server.url), link)).code, 'link_used');
  assert.is((await ben.call('GET', '/api/downloads')).status, 200, 'his own');
});

test('a link of the page opens its list as its maker; one of the operator as the owner, or for who is signed in', async () => {
  const { path } = await ben.expect<DeviceLink>(201, 'POST', '/api/devices/link');
  const phone = new Person(server.url);
  assert.is((await openLink(phone, path)).status, 200);
  assert.equal([(await phone.account()).name, await phone.listed()], ['Ben', await ben.listed()]);
  assert.is((await openLink(phone, path)).code, 'link_used');
  const { links } = server.edge.storedSessions;
  const [own] = (await ben.account()).lists;
  const found = new Person(server.url);
  assert.is((await openLink(found, links.link(own?.id ?? ''))).status, 200);
  assert.is((await found.account()).name, 'Ben');
  const nobodys = links.link('nobodys-list-001');
  assert.is((await openLink(new Person(server.url), nobodys)).code, 'sign_in_required');
  assert.is((await openLink(phone, nobodys)).status, 200);
  assert.is(
    (await phone.account()).lists.some(({ id }) => id === 'nobodys-list-001'),
    true,
    'it is his now',
  );
});

test('a new password ends what is open, by the person or an operator; tries are limited', async () => {
  const cara = await ann.add('Cara');
  const phone = new Person(server.url);
  await phone.signIn('Cara');
  const next = 'another horse battery';
  assert.is(
    (await cara.call('POST', '/api/account/password', { current: 'wrong', password: next })).code,
    'wrong_password',
  );
  await cara.expect(200, 'POST', '/api/account/password', { current: PASSWORD, password: next });
  assert.equal(
    [(await phone.call('GET', '/api/account')).status, (await cara.call('GET', '/api/account')).status],
    [401, 200],
  );
  const { path } = await ann.expect<InvitedPerson>(200, 'POST', `/api/people/${await idOf('Cara')}/reset`);
  assert.is((await cara.call('GET', '/api/account')).status, 401);
  assert.is((await phone.signIn('Cara', next)).code, 'wrong_password');
  const { name } = await phone.expect<{ name: string }>(200, 'POST', '/api/invitations/read', {
    grant: grantOf(path ?? ''),
  });
  assert.is(name, 'Cara');
  const back = await accept(server.url, path ?? '');
  await back.expect(204, 'POST', '/api/account/sign-out');
  assert.equal([(await back.call('GET', '/api/account')).status, back.cookie], [401, 'sluice_session=']);
  const stranger = new Person(server.url);
  const codes: (string | undefined)[] = [];
  while (codes.length < 20 && codes.at(-1) !== 'too_many_requests')
    codes.push((await stranger.signIn('Cara', 'guess')).code);
  assert.is(codes.at(-1), 'too_many_requests');
  assert.is((await back.signIn('Cara')).status, 200, 'where she has signed in before');
});

test('who is removed is out at once, their lists are emptied, and nobody claims them', async () => {
  const dan = await ann.add('Dan');
  await add(dan, 'gone');
  const [list] = (await dan.account()).lists;
  const { token } = await newToken(dan);
  // As a crash leaves it: noted, and not done.
  await server.edge.people.directory.call('remove', await idOf('Dan'), 'delete');
  const { people } = await ann.expect<PeopleList>(200, 'GET', '/api/people');
  assert.equal(
    people.map(({ isLeaving }) => isLeaving),
    [false, false, false, true],
  );
  await startPeople(server.edge, () => null);
  assert.equal(
    [
      (await dan.call('GET', '/api/downloads')).status,
      (await new Api(server.url, token).call('GET', '/api/downloads')).status,
      (await dan.signIn('Dan')).code,
    ],
    [401, 401, 'wrong_password'],
  );
  await waitFor(async () => (await idOf('Dan')) === '', { what: 'Dan to be forgotten' });
  assert.is(server.sluice.sessionList.summary(list?.id ?? '').downloads, 0);
  const claim = await openLink(ben, server.edge.storedSessions.links.link(list?.id ?? ''));
  assert.is(claim.code, 'not_found');
  assert.is((await ann.call('DELETE', `/api/people/${await idOf('Ann')}`)).code, 'last_operator');
});

test('behind a proxy people need no link', async () => {
  const proxied = await startEdge({ SLUICE_AUTH: 'proxy', SLUICE_TRUST_PROXY: '127.0.0.1' });
  try {
    const call = peopleCall(proxied.edge);
    const made = (await call({ verb: 'add', name: 'Ann' })) as InvitedPerson;
    assert.equal([made.path, made.expiresAt, made.person.role], [null, null, 'operator']);
    assert.is(await firstLink(proxied.edge), null);
    const page = new Person(proxied.url);
    assert.is((await page.call('POST', '/api/account/sign-in', {}, { 'remote-user': 'ann' })).status, 200);
    const seen = await page.call('GET', '/api/people', undefined, { 'remote-user': 'Ann' });
    assert.is(seen.status, 200);
  } finally {
    await proxied.close();
  }
});

test.run();
