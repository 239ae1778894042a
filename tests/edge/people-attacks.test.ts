/** What people, programs and strangers try with what they were given: to become more than that, or to keep others out. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NewToken } from '#lib/protocol/device.ts';
import type { AccountView, ListView } from '#lib/protocol/people.ts';
import { Api } from '../support/api.ts';
import { accept, firstLinkOf, Person } from '../support/people.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { settles, waitFor } from '../support/wait.ts';

let server: TestServer;
let ann: Person;
let ben: Person;

const newToken = (of: Person, scope = 'full') =>
  of.expect<NewToken>(201, 'POST', '/api/devices', { name: 'script', scope, expiresInDays: 1 });

test.before(async () => {
  server = await startServer({ env: { SLUICE_AUTH: 'password', SLUICE_ENGINES: 'http' } });
  ann = await accept(server.url, await firstLinkOf(server), 'Ann');
  ben = await ann.add('Ben');
});
test.after(async () => {
  await server.stop();
});

test('the token of a program is no cookie: its program gets no other list, and manages no people', async () => {
  const { token } = await newToken(ann);
  const other = await ann.expect<ListView>(201, 'POST', '/api/account/lists', { name: 'Private' });
  const program = new Person(server.url, `sluice_session=${token}`);
  for (const [method, path, body] of [
    ['POST', `/api/account/lists/${other.id}/open`, {}],
    ['POST', '/api/account/lists', { name: 'More' }],
    ['POST', '/api/account/sign-out-everywhere', undefined],
    ['POST', '/api/people', { name: 'Eve', role: 'operator' }],
    ['GET', '/api/people', undefined],
    ['POST', '/api/devices/link', undefined],
  ] as const) {
    const { status } = await program.call(method, path, body);
    assert.is(status, 401, `${method} ${path}`);
  }
  const page = await program.call('GET', '/', undefined, { accept: 'text/html' });
  assert.is(page.status, 303);
  assert.is((await ann.call('GET', '/api/account')).status, 200);
});

test('a token makes no other token, which would outlive it, and withdraws nobody', async () => {
  const program = new Api(server.url, (await newToken(ann)).token);
  const fields = { name: 'for ever', scope: 'full', expiresInDays: null };
  assert.is((await program.call('POST', '/api/devices', fields)).status, 403);
  assert.is((await program.call('DELETE', '/api/devices')).status, 403);
  assert.is((await ann.call('GET', '/api/account')).status, 200);
});

test('a token is told of its own list alone', async () => {
  await ann.expect(201, 'POST', '/api/account/lists', { name: 'Surprise' });
  for (const scope of ['full', 'read']) {
    const program = new Api(server.url, (await newToken(ann, scope)).token);
    const { lists } = await program.expect<AccountView>(200, 'GET', '/api/account');
    assert.equal(
      lists.map(({ isCurrent }) => isCurrent),
      [true],
      scope,
    );
  }
});

test('with whom a list is shared cannot keep its owner out by filling it with devices', async () => {
  const { id } = await ann.expect<ListView>(201, 'POST', '/api/account/lists', { name: 'Shared' });
  await ann.expect(204, 'POST', `/api/account/lists/${id}/shares`, { name: 'Ben' });
  await ben.expect(200, 'POST', `/api/account/lists/${id}/open`, {});
  const fields = { name: 'filler', scope: 'read', expiresInDays: null };
  let made = 0;
  while (made < 70 && (await ben.call('POST', '/api/devices', fields)).status === 201) made++;
  const { status, code } = await ann.call('POST', `/api/account/lists/${id}/open`, {});
  assert.equal([status, code], [200, undefined], `after ${made} tokens of somebody else`);
});

test('a stranger behind the same proxy who guesses does not keep out a browser that has signed in before', async () => {
  const forwarded = { 'x-forwarded-for': '203.0.113.7' };
  const signIn = (person: Person, password?: string) =>
    person.call(
      'POST',
      '/api/account/sign-in',
      { name: 'Cara', password: password ?? 'correct horse battery' },
      forwarded,
    );
  await ann.add('Cara');
  const laptop = new Person(server.url);
  assert.is((await signIn(laptop)).status, 200);
  await laptop.expect(204, 'POST', '/api/account/sign-out');
  const stranger = new Person(server.url);
  let code: string | undefined = '';
  for (let n = 0; n < 40 && code !== 'too_many_requests'; n++)
    ({ code } = await signIn(stranger, `guess ${n}`));
  assert.is(code, 'too_many_requests');
  const again = await signIn(laptop);
  assert.is(again.status, 200, again.code);
});

test('who is signed out gets no more of a file that is being read', async () => {
  const bytes = 40_000_000;
  const site = createServer((_, response) => {
    response
      .writeHead(200, { 'content-type': 'video/mp4', 'content-length': bytes })
      .end(Buffer.alloc(bytes));
  });
  await once(site.listen(0, '127.0.0.1'), 'listening');
  const dan = await ann.add('Dan');
  const { port } = site.address() as AddressInfo;
  const added = { url: `http://127.0.0.1:${port}/film.mp4` };
  const { id } = await dan.expect<{ id: string }>(202, 'POST', '/api/downloads', added);
  const isComplete = async () =>
    (await dan.expect<{ state: string }>(200, 'GET', `/api/downloads/${id}`)).state === 'complete';
  await waitFor(isComplete, { what: 'the file' });
  site.close();
  const { hostname, port: own } = new URL(server.url);
  const path = `/api/downloads/${id}/file`;
  const asked = request({ hostname, port: own, path, headers: { cookie: dan.cookie }, agent: false }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const closed = new Promise<void>((resolve) => response.on('error', () => undefined).on('close', resolve));
  await dan.expect(204, 'POST', '/api/account/sign-out');
  response.resume();
  await settles(closed, { what: 'the answer to end' });
  assert.is(response.complete, false);
});

test('in a container people sign in by default: the start prints the link', async () => {
  const env = { SLUICE_HOST: '0.0.0.0', SLUICE_ENGINES: 'http', container: 'podman' };
  const contained = await startServer({ env });
  try {
    const first = await accept(contained.url, await firstLinkOf(contained), 'Ann');
    assert.is((await first.account()).auth, 'password');
    assert.match(contained.log, /this is a container \(SLUICE_AUTH=password\)/);
  } finally {
    await contained.stop();
  }
});

test.run();
