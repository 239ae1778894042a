/** An operator opens another's list on purpose, for an hour: it is noted, shown to that person, and ended by either. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PeopleList } from '#lib/protocol/people.ts';
import type { BegunVisit, VisitList } from '#lib/protocol/visit.ts';
import type { VisitedList } from '#lib/protocol/visited-list.ts';
import { accept, addPerson, firstLinkOf, type Person } from '../support/people.ts';
import { startServer, type TestServer } from '../support/server.ts';

const SECRET = 'http://127.0.0.1:9/mine.bin?token=of-ben';
let server: TestServer;
let olga: Person;
let ben: Person;
let eve: Person;
let people: PeopleList['people'];
/** Ben's. */
let visit: string;

test.before(async () => {
  server = await startServer({ env: { SLUICE_AUTH: 'password', SLUICE_ENGINES: 'http' } });
  olga = await accept(server.url, await firstLinkOf(server), 'Olga');
  ben = await olga.add('Ben');
  eve = await addPerson(server, 'Eve', '--operator');
  await ben.expect(202, 'POST', '/api/downloads', { url: SECRET });
  ({ people } = await olga.expect<PeopleList>(200, 'GET', '/api/people'));
  visit = visitOf('Ben');
});
test.after(async () => {
  await server.stop();
});

const visitOf = (name: string) => `/api/people/${people.find((each) => each.name === name)?.id}/visit`;

const noted = async () =>
  (await ben.expect<VisitList>(200, 'GET', '/api/account/visits')).visits.map(
    ({ name, ended }) => `${name} ${ended?.by ?? 'goes on'}`,
  );

test('nobody but an operator looks in, an operator sees nothing before, and nobody visits themselves', async () => {
  assert.is((await ben.call('POST', visitOf('Olga'))).code, 'not_operator');
  const [list] = (await ben.account()).lists;
  assert.is((await olga.call('GET', `${visit}/${list?.id}`)).code, 'visit_over');
  assert.is((await olga.call('POST', visitOf('Olga'))).code, 'invalid_request');
  assert.is((await olga.call('POST', '/api/people/nobody/visit')).code, 'not_found');
  assert.equal(await noted(), []);
});

test('it shows titles and states without addresses, to that operator alone, until the person ends it', async () => {
  const { lists, until } = await olga.expect<BegunVisit>(201, 'POST', visit);
  assert.ok(Date.parse(until) - Date.now() <= 60 * 60_000);
  const path = `${visit}/${lists[0]?.id}`;
  const { downloads } = await olga.expect<VisitedList>(200, 'GET', path);
  assert.equal(Object.keys(downloads[0] ?? {}).sort(), [
    ...['createdAt', 'error', 'id', 'percent', 'receivedBytes', 'state', 'title', 'totalBytes'],
  ]);
  assert.not.match(JSON.stringify(downloads), 'of-ben');
  assert.is((await eve.call('GET', path)).code, 'visit_over', 'another operator has not asked');
  assert.is((await olga.call('GET', `${visit}/${(await olga.account()).lists[0]?.id}`)).code, 'not_found');
  const { id } = downloads[0] ?? { id: '' };
  assert.is((await olga.call('DELETE', `/api/downloads/${id}`)).code, 'not_found', 'nothing to change');
  assert.equal(await noted(), ['Olga goes on']);
  await ben.expect(204, 'DELETE', '/api/account/visits');
  assert.is((await olga.call('GET', path)).code, 'visit_over');
  assert.equal(await noted(), ['Olga owner']);
  assert.match(server.log, /an operator opened another's list/);
});

test('what ends the operator ends it: signing out, the role, and their own click', async () => {
  const { lists } = await eve.expect<BegunVisit>(201, 'POST', visit);
  const path = `${visit}/${lists[0]?.id}`;
  await eve.expect(200, 'GET', path);
  await eve.expect(204, 'DELETE', visit);
  assert.is((await eve.call('GET', path)).code, 'visit_over');
  await eve.expect(201, 'POST', visit);
  const { cookie } = eve;
  await eve.expect(204, 'POST', '/api/account/sign-out');
  eve.cookie = cookie;
  assert.is((await eve.call('GET', path)).status, 401);
  assert.equal(await noted(), ['Eve goes on', 'Eve operator', 'Olga owner']);
});

test.run();
