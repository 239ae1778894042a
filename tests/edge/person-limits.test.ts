/** What an operator lets people use, on a real server: over all their lists, at once, and after a restart. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ListView, PeopleList } from '#lib/protocol/people.ts';
import type { PeopleUse, PersonLimits, PersonUse } from '#lib/protocol/person-limits.ts';
import type { NewToken } from '#lib/protocol/device.ts';
import type { SettingsView } from '#lib/protocol/settings.ts';
import { sluice } from '../support/cli.ts';
import { accept, firstLinkOf, Person } from '../support/people.ts';
import { makePlace, startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait.ts';
import { ask } from './ask.ts';

const BYTES = 300_000;
const NONE = { bytes: null, slots: null, addsPerDay: null };
const env = { SLUICE_AUTH: 'password', SLUICE_ENGINES: 'http' };
const place = makePlace();
let site: Server;
let server: TestServer;
let ann: Person;
let ben: Person;
/** Answers that wait, by path. */
const held: (() => void)[] = [];
let isHeld = false;

test.before(async () => {
  site = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': BYTES });
    if (!isHeld) return response.end(Buffer.alloc(BYTES));
    response.write(Buffer.alloc(1_000));
    held.push(() => response.end(Buffer.alloc(BYTES - 1_000)));
  });
  await once(site.listen(0, '127.0.0.1'), 'listening');
  server = await startServer({ place, env });
  ann = await accept(server.url, await firstLinkOf(server), 'Ann');
  ben = await ann.add('Ben');
});
test.after(async () => {
  await server.stop();
  site.close();
  site.closeAllConnections();
  place.remove();
});

async function idOfBen(): Promise<string> {
  const { people } = await ann.expect<PeopleList>(200, 'GET', '/api/people');
  return people.find(({ name }) => name === 'Ben')?.id ?? '';
}
async function limit(limits: Partial<PersonLimits>): Promise<void> {
  await ann.expect(204, 'PUT', `/api/people/${await idOfBen()}/limits`, { ...NONE, ...limits });
}
async function use(): Promise<PersonUse> {
  const id = await idOfBen();
  const { people } = await ann.expect<PeopleUse>(200, 'GET', '/api/people/use');
  const found = people.find((each) => each.id === id);
  if (found === undefined) throw new Error('Ben is not there');
  return found;
}
const add = (person: Person, name: string) => {
  const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}/${name}.mp4`;
  return person.expect<{ id: string }>(202, 'POST', '/api/downloads', { url, filename: `${name}.mp4` });
};
const isIn = async (person: Person, id: string, state: string) => {
  const row = await person.expect<{ state: string; error: { code: string } | null }>(
    200,
    'GET',
    `/api/downloads/${id}`,
  );
  return row.state === state ? row : null;
};
const becomes = (person: Person, id: string, state: string) =>
  waitFor(() => isIn(person, id, state), { what: `${id} to be ${state}` });

test('an operator alone sets them, and sees what is used', async () => {
  const id = await idOfBen();
  for (const body of [{}, { ...NONE, slots: 0 }, { ...NONE, bytes: 1.5 }, { ...NONE, adds: 1 }])
    assert.is((await ann.call('PUT', `/api/people/${id}/limits`, body)).code, 'invalid_request');
  assert.is((await ann.call('PUT', '/api/people/nobody/limits', NONE)).code, 'not_found');
  for (const [method, path] of [
    ['PUT', `/api/people/${id}/limits`],
    ['GET', '/api/people/use'],
  ] as const)
    assert.is((await ben.call(method, path, method === 'PUT' ? NONE : undefined)).code, 'not_operator');
  assert.equal(await use(), { id, bytes: 0, running: 0, adds: null });
});

test('downloads at a time count over all lists of a person, and not for others', async () => {
  await limit({ slots: 1 });
  isHeld = true;
  const first = await add(ben, 'first');
  await waitFor(() => held.length === 1, { what: 'the first request' });
  const made = await ben.expect<ListView>(201, 'POST', '/api/account/lists', { name: 'Second' });
  const second = new Person(server.url);
  await second.signIn('Ben');
  await second.expect(200, 'POST', `/api/account/lists/${made.id}/open`, {});
  const waiting = await add(second, 'second');
  await add(ann, 'anns');
  await waitFor(() => held.length === 2, { what: "Ann's request" });
  assert.is((await use()).running, 1, 'the other waits for its turn');
  isHeld = false;
  for (const release of held.splice(0)) release();
  await becomes(ben, first.id, 'complete');
  await becomes(second, waiting.id, 'complete');
});

test('room on the disk is used up by what is there and what is to come; more of it goes on by itself', async () => {
  await waitFor(async () => (await use()).bytes === 2 * BYTES, { what: 'both files to be counted' });
  await limit({ bytes: 2 * BYTES + 1_000 });
  const { id } = await add(ben, 'third');
  const row = await becomes(ben, id, 'waiting');
  assert.is(row?.error?.code, 'person_limit');
  await limit({ bytes: 3 * BYTES });
  await ben.expect(202, 'POST', `/api/downloads/${id}/resume`);
  await becomes(ben, id, 'complete');
});

test('so many new ones a day; the command sets them too, and a restart keeps them', async () => {
  const { stdout, code } = await sluice(['people', 'limit', 'Ben', '--adds-per-day=2', '--gigabytes=1.5'], {
    place,
  });
  assert.equal([code, stdout], [0, 'Ben has these limits now.\n']);
  const { people } = await ann.expect<PeopleList>(200, 'GET', '/api/people');
  assert.equal(people.find(({ name }) => name === 'Ben')?.limits, {
    bytes: 1.5e9,
    slots: null,
    addsPerDay: 2,
  });
  await add(ben, 'fourth');
  assert.is((await use()).adds, 1);
  await server.stop();
  server = await startServer({ place, port: server.port, env });
  await add(ben, 'fifth');
  await add(ben, 'sixth');
  const refused = await ben.call('POST', '/api/downloads', { url: 'http://127.0.0.1:9/seventh' });
  assert.equal([refused.status, refused.code], [429, 'too_many_requests']);
  await add(ann, 'many');
});

test('an operator sees which settings are in effect, and nobody else does, nor a program', async () => {
  const { settings, engines, version } = await ann.expect<SettingsView>(200, 'GET', '/api/settings');
  const valueOf = (name: string) => settings.find((setting) => setting.name === name);
  assert.equal(valueOf('SLUICE_AUTH'), { name: 'SLUICE_AUTH', value: 'password', isSet: true });
  assert.equal(valueOf('SLUICE_HOST'), { name: 'SLUICE_HOST', value: '127.0.0.1', isSet: false });
  assert.equal([engines.map(({ engine }) => engine), /^\d/.test(version)], [['http'], true]);
  assert.is((await ben.call('GET', '/api/settings')).code, 'not_operator');
  const fields = { name: 'script', scope: 'full', expiresInDays: 1 };
  const { token } = await ann.expect<NewToken>(201, 'POST', '/api/devices', fields);
  const program = { authorization: `Bearer ${token}`, cookie: '' };
  assert.is((await ann.call('GET', '/api/settings', undefined, program)).code, 'not_operator');
  // Where nobody signs in, this machine's person is the operator, and not who comes by a proxy.
  const open = await startServer({ env: { SLUICE_ENGINES: 'http' } });
  try {
    const { token: own } = await open.session();
    const asked = async (more: Record<string, string>) =>
      (await ask(open.url, '/api/settings', { headers: { authorization: `Bearer ${own}`, ...more } })).status;
    assert.equal([await asked({}), await asked({ 'x-forwarded-for': '203.0.113.7' })], [200, 403]);
  } finally {
    await open.stop();
  }
});

test.run();
