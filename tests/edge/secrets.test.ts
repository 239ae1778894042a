/** A canary: a sign-in that is set, used, fails, is retried, traced and listed, is found nowhere but at its own site. */
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SecretList } from '#lib/protocol/secret.ts';
import type { Api } from '../support/api.ts';
import { sluice } from '../support/cli.ts';
import { InspectorSocket } from '../support/inspector-socket.ts';
import { processesOf } from '../support/processes.ts';
import { makePlace, type Place, startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait.ts';
import { ask, TestSocket } from './ask.ts';

const PASSWORD = 'c4n4ry-Pa55word-7';
const KEY = 'c4n4ry-H34der-9';
const LOGIN = Buffer.from(`jo:${PASSWORD}`).toString('base64');
const NEEDLES = [
  PASSWORD,
  KEY,
  LOGIN,
  ...[PASSWORD, KEY].map((text) => Buffer.from(text).toString('base64')),
];
const BODY = Buffer.alloc(300_000, 7);

const test = suite('secrets');
let place: Place;
let server: TestServer;
let site: Server;
let other: Server;
let api: Api;
/** Headers that each got, by path. */
const got: Record<'site' | 'other', [path: string, headers: IncomingMessage['headers']][]> = {
  site: [],
  other: [],
};
/** The first request for the file is broken off. */
let isBroken = false;
let isHeld = false;
const held: (() => void)[] = [];

const urlOf = (of: Server): string => `http://127.0.0.1:${(of.address() as AddressInfo).port}`;
const env = { SLUICE_ENGINES: 'http', SLUICE_INSPECTOR: '1', SLUICE_LOG_LEVEL: 'debug' };

test.before(async () => {
  site = createServer((request, response) => {
    const { url = '', headers } = request;
    got.site.push([url, headers]);
    const isIn = headers.authorization === `Basic ${LOGIN}` && headers['x-api-key'] === KEY;
    // What a server repeats of a request must not get anywhere either.
    if (!isIn) return response.writeHead(401, { 'www-authenticate': `Basic realm="${PASSWORD}"` }).end();
    if (url.startsWith('/away')) return response.writeHead(302, { location: `${urlOf(other)}/taken` }).end();
    if (url.startsWith('/gone')) return response.writeHead(404).end(`no such file for ${KEY}`);
    response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': BODY.length });
    if (isBroken && url.startsWith('/file')) {
      isBroken = false;
      response.write(BODY.subarray(0, 1000), () => response.destroy());
    } else if (isHeld) {
      response.write(BODY.subarray(0, 1000));
      held.push(() => response.end(BODY.subarray(1000)));
    } else response.end(BODY);
  });
  other = createServer((request, response) => {
    got.other.push([request.url ?? '', request.headers]);
    response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': 3 }).end('abc');
  });
  for (const each of [site, other]) await once(each.listen(0, '127.0.0.1'), 'listening');
  place = makePlace();
  server = await startServer({ place, env });
  api = await server.session();
});
test.after(async () => {
  await (server as TestServer | undefined)?.stop();
  place.remove();
  for (const each of [site, other]) {
    each.close();
    each.closeAllConnections();
  }
});

const basic = (password = PASSWORD) => ({ site: urlOf(site), kind: 'basic', username: 'jo', password });

function assertClean(text: string, where: string): void {
  for (const needle of NEEDLES) assert.not.ok(text.includes(needle), `${needle} in ${where}`);
}

function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

test('a sign-in gets to its own site alone, and is found nowhere else', async () => {
  const inspector = await InspectorSocket.open(server.url, { authorization: `Bearer ${api.token}` });
  if (typeof inspector === 'number') throw new Error(`the inspector refused: ${inspector}`);
  inspector.send({ type: 'watch' });
  const socket = await TestSocket.of(server.url, api.token);
  socket.send({ type: 'hello' });
  const answers: string[] = [];
  const call = async <T>(status: number, method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await api.expect<T>(status, method, path, body);
    answers.push(JSON.stringify(answer));
    return answer;
  };

  const before = await api.add({ url: `${urlOf(site)}/early.mp4`, filename: 'early.mp4' });
  const refused = await api.waitFor(before, 'error');
  assert.is(refused.error?.code, 'remote_denied');
  await call(200, 'PUT', '/api/secrets/nas', basic());
  await call(200, 'PUT', '/api/secrets/key', {
    ...{ site: `${urlOf(site)}/any/page`, kind: 'header', header: 'X-Api-Key', value: KEY },
  });
  await call(400, 'PUT', '/api/secrets/nas', { ...basic(), more: PASSWORD });
  const { secrets } = await call<SecretList>(200, 'GET', '/api/secrets');
  assert.equal(
    secrets.map((secret) => Object.keys(secret).sort()),
    [
      ['name', 'site', 'updatedAt'],
      ['name', 'site', 'updatedAt'],
    ],
  );
  assert.equal(
    secrets.map(({ name, site: of }) => [name, of]),
    [
      ['key', urlOf(site)],
      ['nas', urlOf(site)],
    ],
  );

  await call(200, 'POST', '/api/parse', { url: `${urlOf(site)}/file.mp4` });
  isBroken = true;
  const file = await api.add({ url: `${urlOf(site)}/file.mp4?x=1`, filename: 'file.mp4' });
  const gone = await api.add({ url: `${urlOf(site)}/gone.mp4`, filename: 'gone.mp4' });
  const away = await api.add({ url: `${urlOf(site)}/away`, filename: 'away.mp4' });
  await api.waitFor(file, 'complete');
  assert.not(isBroken, 'it was broken off and tried again');
  await api.waitFor(gone, 'error');
  await api.waitFor(away, 'complete');
  const taken = got.other.filter(([path]) => path === '/taken');
  assert.ok(taken.length > 0);
  for (const [, headers] of taken)
    assert.equal([headers.authorization, headers['x-api-key']], [undefined, undefined]);
  await api.act(before, 'retry');
  await api.waitFor(before, 'complete');

  isHeld = true;
  const slow = await api.add({ url: `${urlOf(site)}/held.mp4`, filename: 'held.mp4' });
  await waitFor(() => held.length > 0, { what: 'the request that is held' });
  for (const line of processesOf(place.dir)) {
    const [pid = ''] = line.split(' ');
    for (const what of ['cmdline', 'environ'])
      assertClean(readFileSync(`/proc/${pid}/${what}`, 'latin1'), `/proc/${what} of ${line}`);
  }
  for (const path of filesIn(place.dir)) assertClean(readFileSync(path, 'latin1'), path);
  isHeld = false;
  for (const release of held) release();
  await api.waitFor(slow, 'complete');

  await call(200, 'GET', '/api/downloads?limit=200');
  for (const id of [before, file, gone, away, slow]) {
    await call(200, 'GET', `/api/downloads/${id}`);
    await call(200, 'GET', `/api/inspector/trace?download=${id}`);
  }
  for (const path of ['/api/devices', '/api/engines', '/api/secrets']) await call(200, 'GET', path);
  assertClean(answers.join('\n'), 'answers');
  assertClean(JSON.stringify(socket.messages), 'frames');
  assertClean(JSON.stringify(inspector.messages), 'the inspector');
  assert.ok(inspector.log.length > 20 && socket.messages.length > 5);
  assertClean(server.log, 'the log');
  for (const path of filesIn(place.dir)) assertClean(readFileSync(path, 'latin1'), path);
  assert.is(statSync(join(place.dataDir, 'secret.key')).mode & 0o777, 0o600);
  socket.close();
  inspector.close();
});

test('another list does not have it, nor may a token of less use it', async () => {
  const stranger = await server.session();
  assert.equal((await stranger.expect<SecretList>(200, 'GET', '/api/secrets')).secrets, []);
  assert.is((await stranger.call('DELETE', '/api/secrets/nas')).status, 404);
  const id = await stranger.add({ url: `${urlOf(site)}/theirs.mp4` });
  assert.is((await stranger.waitFor(id, 'error')).error?.code, 'remote_denied');
  const { token } = await api.expect<{ token: string }>(201, 'POST', '/api/devices', {
    ...{ name: 'bookmark', scope: 'add', expiresInDays: 1 },
  });
  for (const [method, path] of [
    ['GET', '/api/secrets'],
    ['PUT', '/api/secrets/nas'],
    ['DELETE', '/api/secrets/nas'],
  ] as const) {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await ask(server.url, path, {
      ...{ method, headers },
      ...(method === 'PUT' ? { body: JSON.stringify(basic()) } : {}),
    });
    assert.equal([answer.status, answer.code], [403, 'scope_refused'], method);
    const cookie = { cookie: `sluice_session=${api.token}`, origin: 'https://evil.example' };
    const foreign = await ask(server.url, path, {
      method,
      headers: { ...cookie, 'content-type': 'application/json' },
    });
    assert.ok(
      method === 'GET'
        ? foreign.headers['access-control-allow-origin'] === undefined
        : foreign.status === 403,
    );
  }
});

test('with a lost key names are listed, a download says so, and it can be set again', async () => {
  await server.stop();
  rmSync(join(place.dataDir, 'secret.key'));
  server = await startServer({ place, env });
  api = api.at(server.url);
  const { secrets } = await api.expect<SecretList>(200, 'GET', '/api/secrets');
  assert.equal(
    secrets.map(({ name, error }) => [name, error]),
    [
      ['key', 'secret_unreadable'],
      ['nas', 'secret_unreadable'],
    ],
  );
  const id = await api.add({ url: `${urlOf(site)}/later.mp4` });
  assert.is((await api.waitFor(id, 'error')).error?.code, 'secret_unreadable');
  const elsewhere = await api.add({ url: `${urlOf(other)}/free.mp4` });
  await api.waitFor(elsewhere, 'complete');
  await api.expect(200, 'PUT', '/api/secrets/nas', basic());
  await api.expect(200, 'PUT', '/api/secrets/key', {
    ...{ site: urlOf(site), kind: 'header', header: 'X-Api-Key', value: KEY },
  });
  await api.act(id, 'retry');
  await api.waitFor(id, 'complete');
  await api.expect(204, 'DELETE', '/api/secrets/nas');
  assert.is((await api.call('DELETE', '/api/secrets/nas')).status, 404);
});

test('the command sets, lists and removes them, with what is kept from the standard input', async () => {
  const session = `--session=${api.token.slice(0, 16)}`;
  const run = (args: string[], input?: string) =>
    sluice(['secrets', ...args, session], { place, ...(input === undefined ? {} : { input }) });
  const set = ['set', 'nas', '--site', `${urlOf(site)}/a`, '--user', 'jo'];
  assert.equal(await codesOf(run(set, `${PASSWORD}\nmore\n`)), [0, `nas is kept for ${urlOf(site)}.\n`, '']);
  const { stdout } = await run(['list', '--json']);
  assert.equal(
    (JSON.parse(stdout) as SecretList).secrets.map(({ name }) => name),
    ['key', 'nas'],
  );
  assert.match((await run(['list'])).stdout, /^key {2}http:\S+ {2}\d{4}-\d\d-\d\d\nnas {2}/);
  const id = await api.add({ url: `${urlOf(site)}/by-command.mp4` });
  await api.waitFor(id, 'complete');
  assert.is((await run(['remove', 'nas'])).code, 0);
  const gone = await run(['remove', 'nas']);
  assert.is(gone.code, 1);
  assert.match(gone.stderr, /\(not_found\)/);
  for (const wrong of [['set', 'x'], ['set', 'x', '--site', 'http://h'], ['list', 'x'], ['x']])
    assert.is((await run(wrong, '')).code, 2, wrong.join(' '));
});

async function codesOf(running: ReturnType<typeof sluice>): Promise<[number | null, string, string]> {
  const { code, stdout, stderr } = await running;
  return [code, stdout, stderr];
}

test.run();
