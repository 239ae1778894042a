/** Sign-ins that are given, taken away and overtaken: links between browsers, the command, requests that are sent slowly. */
import { request } from 'node:http';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sluice } from '../support/cli.ts';
import { accept, firstLinkOf, grantOf, Person } from '../support/people.ts';
import { makePlace, startServer, type TestServer } from '../support/server.ts';

const NOWHERE = 'http://127.0.0.1:9/';
const place = makePlace();
let server: TestServer;
let ann: Person;

test.before(async () => {
  server = await startServer({ place, env: { SLUICE_AUTH: 'password', SLUICE_ENGINES: 'http' } });
  ann = await accept(server.url, await firstLinkOf(server), 'Ann');
});
test.after(async () => {
  await server.stop();
  place.remove();
});

test('a link to a list signs its browser in as whoever made it, once, unless they signed out since', async () => {
  const grantTo = async () =>
    grantOf((await ann.expect<{ path: string }>(201, 'POST', '/api/devices/link')).path);
  const grant = await grantTo();
  const phone = new Person(server.url);
  await phone.expect(200, 'POST', '/api/links/open', { grant });
  assert.equal([(await phone.account()).name, await phone.listed()], ['Ann', await ann.listed()]);
  assert.is((await new Person(server.url).call('POST', '/api/links/open', { grant })).code, 'link_used');
  const late = await grantTo();
  await ann.expect(204, 'POST', '/api/account/sign-out-everywhere');
  const other = new Person(server.url);
  assert.is((await other.call('POST', '/api/links/open', { grant: late })).code, 'link_used');
  assert.is(other.cookie, '');
  await ann.signIn('Ann');
});

test('the command lists people, and gives somebody a new link: what they had open ends', async () => {
  const fay = await ann.add('Fay');
  const { stdout } = await sluice(['people', 'list'], { place });
  assert.match(stdout, /^Ann \(operator\)$/m);
  assert.match(stdout, /^Fay$/m);
  const reset = await sluice(['people', 'reset', 'fay', '--server', server.url], { place });
  assert.equal([reset.code, reset.stderr], [0, '']);
  assert.equal(
    [(await fay.call('GET', '/api/downloads')).status, (await fay.signIn('Fay')).code],
    [401, 'wrong_password'],
  );
  assert.is((await (await accept(server.url, reset.stdout.trim())).account()).name, 'Fay');
  const nobody = await sluice(['people', 'remove', 'Nobody'], { place });
  assert.equal([nobody.code, /not_found/.test(nobody.stderr)], [1, true]);
});

test('a request that is sent slowly is that of whoever is signed in when it is whole', async () => {
  const first = (await ann.account()).lists[0]?.id ?? '';
  const one = new Person(server.url);
  await one.signIn('Ann');
  const token = JSON.stringify({ name: 'slow', scope: 'full', expiresInDays: null });
  const slow = [
    slowly(one, `/api/account/lists/${first}/open`, '{}'),
    slowly(one, '/api/devices', token),
    slowly(one, '/api/downloads', JSON.stringify({ url: `${NOWHERE}slow` })),
    slowly(one, '/api/account/lists', JSON.stringify({ name: 'slow' })),
  ];
  await Promise.all(slow.map(({ begun }) => begun));
  await ann.expect(204, 'POST', '/api/account/sign-out-everywhere');
  const answers = await Promise.all(slow.map(({ finish }) => finish()));
  assert.equal(
    answers.map(({ status, cookie }) => [status, cookie]),
    answers.map(() => [401, undefined]),
  );
  await ann.signIn('Ann');
  const { devices } = await ann.expect<{ devices: { name: string }[] }>(200, 'GET', '/api/devices');
  assert.is(devices.length, 1, JSON.stringify(devices));
});

/** Sends all but the end of the body, and that when it is asked to. */
function slowly({ url, cookie }: Person, path: string, body: string) {
  const headers = { origin: url, cookie, 'content-type': 'application/json', 'content-length': body.length };
  const asked = request(url + path, { method: 'POST', headers, agent: false });
  const answered = new Promise<{ status: number | undefined; cookie: string[] | undefined }>(
    (resolve, reject) => {
      asked.on('error', reject).on('response', (response) => {
        response.resume();
        resolve({ status: response.statusCode, cookie: response.headers['set-cookie'] });
      });
    },
  );
  const begun = new Promise<void>((resolve) => asked.write(body.slice(0, 1), () => resolve()));
  const finish = () => {
    asked.end(body.slice(1));
    return answered;
  };
  return { begun, finish };
}

test.run();
