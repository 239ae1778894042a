/** SLUICE_AUTH=oidc against a real issuer: who it says it is has lists of their own, and nobody else gets in as them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { InvitedPerson, PeopleList, SignedOut } from '#lib/protocol/people.ts';
import { begin, finish, pairIn, signedInWith, signInWith } from '../support/by-issuer.ts';
import { sluice } from '../support/cli.ts';
import { freePort } from '../support/free-port.ts';
import { CLIENT, TestIssuer } from '../support/issuer.ts';
import { firstLinkOf, grantOf, PASSWORD, Person } from '../support/people.ts';
import { makePlace, startServer, type TestServer } from '../support/server.ts';
import { ask } from './ask.ts';

const ACCOUNTS = {
  ann: { preferred_username: 'Ann' },
  ben: { preferred_username: 'Ben' },
  cleo: { email: 'cleo@example.org', email_verified: true },
  eve: { preferred_username: 'Ann' },
};
const ELSEWHERE = { 'x-forwarded-for': '192.0.2.7' };
const place = makePlace();
let issuer: TestIssuer;
let server: TestServer;
let ann: Person;

test.before(async () => {
  const port = await freePort();
  issuer = await TestIssuer.start([`http://127.0.0.1:${port}/sign-in`], ACCOUNTS);
  server = await startServer({ place, port, env: { ...issuer.env, SLUICE_ENGINES: 'http' } });
});
test.after(async () => {
  await server.stop();
  await issuer.close();
  place.remove();
});

const codeAfter = async (person: Person, login: string, grant: string | null = null) =>
  (await signInWith(issuer, person, login, grant)).code;

async function linkFor(name: string): Promise<string> {
  const { path } = await ann.expect<InvitedPerson>(201, 'POST', '/api/people', { name });
  return grantOf(path ?? '');
}

test('the first link makes an operator of who signs in by it; others are people, with lists of their own', async () => {
  const grant = grantOf(await firstLinkOf(server));
  ann = await signedInWith(issuer, server.url, 'ann', grant);
  const account = await ann.account();
  assert.equal([account.auth, account.name, account.role], ['oidc', 'Ann', 'operator']);
  await ann.expect(202, 'POST', '/api/downloads', { url: 'http://127.0.0.1:9/mine' });
  const ben = await signedInWith(issuer, server.url, 'ben');
  assert.equal([(await ben.account()).role, await ben.listed()], ['person', []]);
  const phone = await signedInWith(issuer, server.url, 'ann');
  assert.equal(await phone.listed(), ['http://127.0.0.1:9/mine']);
  assert.is.not(phone.cookie, ann.cookie);
  assert.is((await (await signedInWith(issuer, server.url, 'cleo')).account()).name, 'cleo@example.org');
});

test('signing in again gives a new token, and signing out ends it here and there', async () => {
  const ben = await signedInWith(issuer, server.url, 'ben');
  const before = ben.cookie;
  assert.is((await signInWith(issuer, ben, 'ben')).status, 200);
  assert.is.not(ben.cookie, before);
  const { location } = await ben.expect<SignedOut>(200, 'POST', '/api/account/sign-out');
  const { origin, searchParams } = new URL(location);
  assert.is(origin, issuer.url);
  assert.is(searchParams.get('post_logout_redirect_uri'), `${server.url}/sign-in`);
  assert.is(ben.cookie, 'sluice_session=');
});

test('a sign-in ends once, in the browser that began it, with its own state', async () => {
  const eve = new Person(server.url);
  const { location, cookie } = await begin(eve);
  const returned = await issuer.signIn(location, 'ben');
  const other = await begin(new Person(server.url));
  const wrong = new URL(returned);
  wrong.searchParams.set('state', other.state);
  for (const [what, asked] of [
    ['another state', finish(eve, cookie, wrong)],
    ['another browser', finish(eve, other.cookie, returned)],
    ['no cookie', finish(eve, '', returned)],
    ['a planted cookie, over http', finish(eve, cookie, returned, ELSEWHERE)],
  ] as const)
    assert.is((await asked).code, 'sign_in_over', what);
  const code = new URL(wrong);
  code.searchParams.set('code', 'x'.repeat(43));
  assert.is((await finish(eve, other.cookie, code)).code, 'issuer_answer', 'a code that nobody gave out');
  assert.is(eve.cookie, '');
  assert.is((await finish(eve, cookie, returned)).status, 200);
  assert.is((await finish(eve, cookie, returned)).code, 'sign_in_over', 'the same again');
  const again = await begin(eve);
  returned.searchParams.set('state', again.state);
  assert.is((await finish(eve, again.cookie, returned)).code, 'issuer_answer', 'its code again');
});

test('only our own page begins and ends it', async () => {
  const eve = new Person(server.url);
  const cross = { 'sec-fetch-site': 'cross-site' };
  const foreign = { origin: 'http://evil.example' };
  for (const headers of [cross, foreign])
    assert.is(
      (await eve.call('POST', '/api/account/oidc', {}, headers)).code,
      'forbidden_origin',
      JSON.stringify(headers),
    );
  const { location, cookie } = await begin(eve);
  const returned = await issuer.signIn(location, 'ben');
  for (const headers of [cross, foreign])
    assert.is((await finish(eve, cookie, returned, headers)).code, 'forbidden_origin');
  const byLink = async (headers: Record<string, string>) => {
    const answer = await ask(server.url, '/api/account/oidc', { headers });
    return [
      answer.status,
      new URL(String(answer.headers['location']), server.url).origin,
      pairIn(answer) !== '',
    ];
  };
  assert.equal(await byLink({ 'sec-fetch-site': 'same-origin' }), [303, issuer.url, true]);
  assert.equal(await byLink({ 'sec-fetch-site': 'cross-site' }), [303, server.url, false]);
  assert.equal(await byLink({ 'sec-purpose': 'prefetch' }), [303, server.url, false]);
});

test('passwords open nothing, not even by a link', async () => {
  const grant = await linkFor('Dora');
  const eve = new Person(server.url);
  const accepted = await eve.call('POST', '/api/invitations/accept', { grant, password: PASSWORD });
  assert.equal([accepted.status, eve.cookie], [404, '']);
  assert.is((await eve.signIn('Ann')).code, 'invalid_request');
});

test('a name gives nobody the lists of who has it; a link does, once, and to one account', async () => {
  const eve = await signedInWith(issuer, server.url, 'eve');
  assert.equal([(await eve.account()).name, await eve.listed()], ['Ann (2)', []]);
  const grant = await linkFor('Dora (password)');
  assert.is(await codeAfter(new Person(server.url), 'eve', grant), 'identity_taken');
  const dora = await signedInWith(issuer, server.url, 'dora', grant);
  assert.is((await dora.account()).name, 'Dora (password)');
  const used = await dora.call('POST', '/api/account/oidc', { grant });
  assert.equal([used.code, pairIn(used)], ['link_used', '']);
});

test('who was removed is signed out at once and does not come back, until an operator lets them', async () => {
  const ben = await signedInWith(issuer, server.url, 'ben');
  const { people } = await ann.expect<PeopleList>(200, 'GET', '/api/people');
  const id = people.find(({ name }) => name === 'Ben')?.id ?? '';
  await ann.expect(204, 'DELETE', `/api/people/${id}`);
  assert.is((await ben.call('GET', '/api/account')).status, 401);
  assert.is(await codeAfter(ben, 'ben'), 'not_admitted');
  const { stdout } = await sluice(['people', 'add', 'Ben'], { place });
  await signedInWith(issuer, server.url, 'ben', grantOf(stdout.trim()));
  assert.is(await codeAfter(new Person(server.url), 'ben'), undefined);
});

test('while the issuer is away, who has signed in notices nothing, and who comes is told so', async () => {
  const { port } = issuer;
  const eve = new Person(server.url);
  const { location, cookie } = await begin(eve);
  const returned = await issuer.signIn(location, 'cleo');
  await issuer.close();
  assert.is((await ann.account()).name, 'Ann');
  await ann.expect(200, 'GET', '/api/downloads');
  assert.is((await finish(eve, cookie, returned)).code, 'issuer_away');
  const { port: own } = server;
  await server.stop();
  server = await startServer({ place, port: own, env: { ...issuer.env, SLUICE_ENGINES: 'http' } });
  assert.is((await ann.account()).name, 'Ann', 'also after a restart');
  assert.is((await eve.call('POST', '/api/account/oidc', {})).code, 'issuer_away');
  const byLink = await ask(server.url, '/api/account/oidc');
  assert.is(byLink.headers['location'], '/sign-in?failed=issuer_away');
  const page = await ask(server.url, '/sign-in?failed=issuer_away', { headers: { accept: 'text/html' } });
  assert.match(page.body.toString(), /href="\/api\/account\/oidc"/);
  assert.match(page.body.toString(), /Sign in with 127\.0\.0\.1:\d+/);
  assert.match(page.body.toString(), /cannot be reached at present/);
  const other = await ask(server.url, '/sign-in?failed=link_used', { headers: { accept: 'text/html' } });
  assert.not.match(other.body.toString(), 'role="alert"');
  issuer = await TestIssuer.start([`${server.url}/sign-in`], ACCOUNTS, port);
  assert.is((await signInWith(issuer, eve, 'cleo')).status, 200);
});

test('the secret of the client is in no log and in nothing that is stored', () => {
  assert.match(server.log, /signing in with the issuer failed/);
  assert.not.match(server.log, CLIENT.secret);
  for (const name of readdirSync(place.dataDir, { recursive: true, withFileTypes: true }))
    if (name.isFile())
      assert.not.ok(readFileSync(join(name.parentPath, name.name)).includes(CLIENT.secret), name.name);
});

test.run();
