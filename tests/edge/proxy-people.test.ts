/** SLUICE_AUTH=proxy: who the proxy names has lists of their own, and nobody else can say who they are. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AccountView } from '#lib/protocol/people.ts';
import { Person } from '../support/people.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { ask, TestSocket } from './ask.ts';

const NAME = 'remote-user';
let server: TestServer;

test.before(async () => {
  const env = { SLUICE_AUTH: 'proxy', SLUICE_TRUST_PROXY: '127.0.0.1', SLUICE_ENGINES: 'http' };
  server = await startServer({ env });
});
test.after(async () => {
  await server.stop();
});

const signIn = (person: Person, name: string) =>
  person.call('POST', '/api/account/sign-in', {}, { [NAME]: name });

test('a person is made at first sight, and their cookie counts with their name alone', async () => {
  const ann = new Person(server.url);
  assert.is((await signIn(ann, 'Ann')).status, 200);
  const asked = async (name?: string) =>
    (await ann.call('GET', '/api/account', undefined, name === undefined ? {} : { [NAME]: name })).status;
  assert.equal(
    [await asked('Ann'), await asked('ANN'), await asked('Ben'), await asked()],
    [200, 200, 401, 401],
  );
  const account = await ann.call('GET', '/api/account', undefined, { [NAME]: 'Ann' });
  const { name, role, auth } = JSON.parse(account.body.toString()) as AccountView;
  assert.equal([name, role, auth], ['Ann', 'person', 'proxy']);
  const open = (name: string) =>
    TestSocket.open(server.url, { cookie: ann.cookie, origin: server.url, [NAME]: name });
  assert.is(await open('Ben'), 401);
  const socket = await open('Ann');
  if (typeof socket === 'number') throw new Error(`the socket was refused: ${socket}`);
  socket.close();
  const cookie = ann.cookie;
  const page = await ask(server.url, '/', { headers: { cookie, [NAME]: 'Ben', accept: 'text/html' } });
  assert.equal(
    [page.status, page.headers['location']],
    [303, '/sign-in'],
    'and Ben gets a list of his own there',
  );
  const ben = new Person(server.url, cookie);
  await signIn(ben, 'Ben');
  assert.is.not(ben.cookie.slice(0, 31), cookie.slice(0, 31));
});

test('without a name nobody signs in, and passwords do not either', async () => {
  const nobody = new Person(server.url);
  assert.is((await nobody.call('POST', '/api/account/sign-in', {})).code, 'sign_in_required');
  assert.is((await signIn(nobody, '')).code, 'sign_in_required');
  assert.is((await signIn(nobody, 'x'.repeat(65))).code, 'invalid_request');
  const { code } = await nobody.call('POST', '/api/account/sign-in', {
    name: 'Ann',
    password: 'long enough',
  });
  assert.is(code, 'sign_in_required');
  assert.is(nobody.cookie, '');
});

test('whoever sends the name and is not the proxy is refused, on every path', async () => {
  const other = await startServer({ env: { SLUICE_AUTH: 'proxy', SLUICE_TRUST_PROXY: '10.0.0.1' } });
  try {
    for (const path of ['/', '/sign-in', '/api/account', '/healthz'])
      assert.is((await ask(other.url, path, { headers: { [NAME]: 'Ann' } })).code, 'proxy_refused', path);
    assert.is((await signIn(new Person(other.url), 'Ann')).code, 'proxy_refused');
    assert.is(await TestSocket.open(other.url, { [NAME]: 'Ann' }), 403);
  } finally {
    await other.stop();
  }
});

test.run();
