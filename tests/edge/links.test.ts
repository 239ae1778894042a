/** Links of `sluice operator` that reopen a session in a browser, as the command and a browser use them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LinkView, SessionList } from '#lib/protocol/session.ts';
import type { Api } from '../support/api.ts';
import { sluice } from '../support/cli.ts';
import { makePlace, type Place, startServer, type TestServer } from '../support/server.ts';
import { ask, type RawAnswer } from './ask.ts';

const test = suite('links');
const NOWHERE = 'http://127.0.0.1:9';
let place: Place;
let server: TestServer;
let ann: Api;
let bob: Api;

const idOf = ({ token }: Api): string => token.slice(0, 16);

test.before(async () => {
  place = makePlace();
  server = await startServer({ place, env: { SLUICE_ENGINES: 'http' } });
  [ann, bob] = [await server.session(), await server.session()];
  const cancelled = await ann.add({ url: `${NOWHERE}/first.bin`, filename: 'first.bin' });
  await ann.act(cancelled, 'cancel');
  await ann.add({ url: `${NOWHERE}/second.bin` });
  await bob.expect(202, 'POST', '/api/downloads', {
    url: `${NOWHERE}/bob.bin`,
    title: 'Bob\u001b[2J\u202e',
  });
});
test.after(async () => {
  await (server as TestServer | undefined)?.stop();
  place.remove();
});

const operator = (...args: string[]) =>
  sluice(['operator', ...args, '--server', server.url], { place, env: { SLUICE_LOG_LEVEL: 'error' } });

/** @returns the grant of a new link */
async function newLink(session: string): Promise<string> {
  const { stdout, stderr, code } = await operator(`--session=${session}`);
  assert.equal([code, stderr], [0, '']);
  const link = new URL(stdout.trim());
  assert.equal([link.origin, link.pathname, link.search], [server.url, '/link', '']);
  return new URLSearchParams(link.hash.slice(1)).get('grant') ?? '';
}

const post = (
  what: 'read' | 'open',
  grant: unknown,
  headers: Record<string, string> = {},
): Promise<RawAnswer> =>
  ask(server.url, `/api/links/${what}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      origin: server.url,
      'sec-fetch-site': 'same-origin',
      ...headers,
    },
    body: JSON.stringify({ grant }),
  });

const json = <T>({ body }: RawAnswer): T => JSON.parse(body.toString()) as T;

test('the command lists the sessions that have downloads, the most recently added to first', async () => {
  await server.session();
  const cleared = await server.session();
  const id = await cleared.add({ url: `${NOWHERE}/cleared.bin` });
  await cleared.expect(204, 'DELETE', `/api/downloads/${id}`);
  const { stdout, code } = await operator('sessions', '--json');
  assert.is(code, 0);
  const { sessions, more } = JSON.parse(stdout) as SessionList;
  assert.is(more, 0);
  assert.equal(
    sessions.map(({ id, downloads, unfinished, newest }) => [id, downloads, unfinished, newest?.title]),
    [
      [idOf(bob), 1, 1, sessions[0]?.newest?.title],
      [idOf(ann), 2, 1, 'second.bin'],
    ],
  );
  const lines = (await operator('sessions')).stdout.split('\n');
  assert.match(lines[0] ?? '', /^SESSION +DOWNLOADS +UNFINISHED +NEWEST/);
  assert.ok(lines[2]?.startsWith(idOf(ann)) && lines[2].endsWith('second.bin'), lines[2]);
  assert.match(lines[1] ?? '', /\sBob\[2J$/, 'a title moves no cursor');
});

test("only holders of the server's key may list sessions", async () => {
  const path = '/api/operator/sessions';
  for (const headers of [
    {},
    { authorization: `Bearer ${ann.token}` },
    { cookie: `sluice_session=${ann.token}` },
    { authorization: `Bearer ${await newLink(idOf(ann))}` },
  ] as Record<string, string>[]) {
    const { status, code } = await ask(server.url, path, { headers });
    assert.equal([status, code], [401, 'unauthorized']);
  }
  const stranger = makePlace();
  const other = await startServer({ place: stranger });
  await other.stop();
  for (const args of [['sessions'], [`--session=${idOf(ann)}`]]) {
    const { code, stdout, stderr } = await sluice(['operator', ...args, '--server', server.url], {
      place: stranger,
    });
    assert.equal([code, stdout], [1, '']);
    assert.match(stderr, /has not the key .* set SLUICE_DATA_DIR .*\(unauthorized\)/);
  }
  stranger.remove();
});

test('a link can be read any number of times, and opens its session once', async () => {
  const grant = await newLink(idOf(ann));
  const cookie = `sluice_session=${bob.token}`;
  for (let times = 0; times < 2; times++) {
    const answer = await post('read', grant, { cookie });
    assert.equal([answer.status, answer.headers['set-cookie']], [200, undefined]);
    const view = json<LinkView>(answer);
    assert.is(view.kind, 'session');
    if (view.kind !== 'session') return;
    assert.equal(
      [view.opens.id, view.opens.downloads, view.opens.newest?.title],
      [idOf(ann), 2, 'second.bin'],
    );
    assert.equal([view.present?.id, view.present?.downloads], [idOf(bob), 1]);
    const leftMs = Date.parse(view.expiresAt) - Date.now();
    assert.ok(leftMs > 0 && leftMs <= 10 * 60_000, String(leftMs));
  }
  const opened = await post('open', grant, { cookie });
  assert.equal([opened.status, json(opened)], [200, { kind: 'session', id: idOf(ann) }]);
  const [line = ''] = opened.headers['set-cookie'] ?? [];
  assert.match(line, /^sluice_session=[^;]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
  const own = line.split(';', 1)[0] ?? '';
  assert.is.not(own, `sluice_session=${ann.token}`, 'a token of its own');
  const listed = json<{ downloads: { title: string }[] }>(
    await ask(server.url, '/api/downloads', { headers: { cookie: own } }),
  );
  assert.equal(
    listed.downloads.map(({ title }) => title),
    ['second.bin', 'first.bin'],
  );
  for (const what of ['read', 'open'] as const) {
    const again = await post(what, grant, { cookie });
    assert.equal([again.status, again.code, again.headers['set-cookie']], [410, 'link_used', undefined]);
  }
  assert.is((await bob.list()).length, 1, 'what the browser had before is still there');
});

test('a page that was requested before a link was opened does not put the old session back', async () => {
  const lines = async (cookie: string): Promise<string[]> => {
    const headers = { accept: 'text/html', 'sec-fetch-site': 'none', cookie };
    return [(await ask(server.url, '/', { headers })).headers['set-cookie'] ?? []].flat();
  };
  const old = `sluice_session=${bob.token}`;
  const [, renewed = ''] = await lines(old);
  // As a browser sends them from then on; the answer may arrive after that of the link.
  const jar = `${old}; ${renewed.split(';', 1)[0]}`;
  assert.equal(await lines(jar), []);
  assert.is((await post('open', await newLink(idOf(ann)), { cookie: jar })).status, 200);
  assert.equal(await lines(jar), []);
});

test('of several browsers that open a link at once, one gets the session', async () => {
  const grant = await newLink(idOf(ann));
  const answers = await Promise.all(Array.from({ length: 8 }, () => post('open', grant)));
  assert.equal(answers.map(({ status }) => status).sort(), [200, ...Array.from({ length: 7 }, () => 410)]);
});

test("only the server's own page opens a link, and failed attempts do not use it up", async () => {
  const grant = await newLink(idOf(ann));
  for (const headers of [
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
    { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' },
    // Another name of this machine: an allowed origin, but another site for the cookie.
    { origin: server.url.replace('127.0.0.1', 'localhost'), 'sec-fetch-site': 'cross-site' },
  ]) {
    const { status, code } = await post('open', grant, headers);
    assert.equal([status, code], [403, 'forbidden_origin'], headers.origin);
  }
  for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
    assert.is((await post('open', grant, { 'content-type': type })).code, 'unsupported_media_type');
  }
  for (const wrong of [undefined, 7, 'x'.repeat(257)]) {
    assert.is((await post('open', wrong)).code, 'invalid_request');
  }
  for (const wrong of ['', 'x', ann.token]) assert.is((await post('open', wrong)).code, 'link_used');
  const get = await ask(server.url, `/api/links/open?grant=${grant}`);
  assert.is(get.status, 405);
  assert.is((await post('open', grant)).status, 200);
});

test("a link to the inspector works the same way, and sets the operator's cookie", async () => {
  const { stdout } = await operator();
  const grant = new URL(stdout.trim()).searchParams.get('grant');
  assert.equal(json(await post('read', grant)), { kind: 'inspector' });
  const opened = await post('open', grant);
  assert.equal(json(opened), { kind: 'inspector' });
  assert.match(
    String(opened.headers['set-cookie']),
    /^sluice_operator=[^;]+; .*; HttpOnly; SameSite=Strict$/,
  );
});

test('a unique beginning of an id is enough, and anything else is explained', async () => {
  const grant = await newLink(idOf(ann).slice(0, 12));
  assert.is(json<{ id: string }>(await post('open', grant)).id, idOf(ann));
  for (const [wanted, said] of [
    ['', /More than one session begins with "": give more of it/],
    ['~', /No session with downloads begins with "~". .*sluice operator sessions/],
    [idOf(await server.session()), /No session with downloads begins/],
  ] as const) {
    const { code, stdout, stderr } = await operator(`--session=${wanted}`);
    assert.equal([code, stdout], [1, '']);
    assert.match(stderr, said);
  }
  for (const args of [['people'], ['sessions', '--session=x'], ['--session']]) {
    assert.is((await operator(...args)).code, 2, args.join(' '));
  }
  const away = await sluice(['operator', 'sessions', '--server', NOWHERE], { place });
  assert.is(away.code, 1);
  assert.match(
    away.stderr,
    /There is no Sluice at .*: start it, or name it with --server\. \(connect_failed\)/,
  );
});

test('a link from before a restart opens nothing, its session is still there, and no grant is in the log', async () => {
  const [unused, used] = [await newLink(idOf(ann)), await newLink(idOf(ann))];
  await post('open', used);
  await server.stop();
  const log = server.log;
  assert.match(log, /opened a session in a browser/);
  for (const grant of [unused, used])
    assert.not.ok(log.includes(grant.slice(-20)) || log.includes(grant.slice(0, 26)));
  server = await startServer({ place, env: { SLUICE_ENGINES: 'http' } });
  for (const grant of [unused, used]) assert.is((await post('open', grant)).code, 'link_used');
  const fresh = await post('open', await newLink(idOf(ann)));
  assert.is(json<{ id: string }>(fresh).id, idOf(ann));
});

test.run();
