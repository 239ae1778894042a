import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Trace } from '#lib/protocol/inspection.ts';
import { ask } from '../edge/ask.ts';
import { sluice } from '../support/cli.ts';
import { InspectorSocket } from '../support/inspector-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait.ts';

const RECORDING = join(import.meta.dirname, '../../src/lib/annie/stand-in/recordings/lux-plain.jsonl');
const SECRET = 'S3cr3tS3cr3t';
/** The stand-in replays a recording of lux at double speed. */
const ADDRESS = `http://stand-in.test/lux-plain?speed=2&token=${SECRET}`;

let open: TestServer;
let closed: TestServer;
const sockets = new Set<InspectorSocket>();

test.before(async () => {
  [open, closed] = await Promise.all([
    startServer({ env: { SLUICE_INSPECTOR: '1', SLUICE_ENGINES: 'stand-in' } }),
    startServer(),
  ]);
});
test.after.each(() => {
  for (const socket of sockets) socket.close();
  sockets.clear();
});
test.after(async () => {
  await (open as TestServer | undefined)?.stop();
  await (closed as TestServer | undefined)?.stop();
});

async function connect(server: TestServer, headers: Record<string, string>): Promise<InspectorSocket> {
  const socket = await InspectorSocket.open(server.url, headers);
  if (typeof socket === 'number') throw new Error(`the inspector refused: ${socket}`);
  sockets.add(socket);
  return socket;
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const host = (server: TestServer): Record<string, string> => ({ host: new URL(server.url).host });

/** Signs in with a link of `sluice operator`. @returns the cookie */
async function signIn(server: TestServer): Promise<string> {
  const { stdout, code, stderr } = await sluice(['operator', '--server', server.url], {
    place: server.place,
  });
  assert.is(code, 0, stderr);
  const link = new URL(stdout.trim());
  const answer = await ask(server.url, link.pathname + link.search, { headers: host(server) });
  assert.is(answer.status, 303);
  assert.is(answer.headers['location'], '/inspector');
  const [cookie = ''] = answer.headers['set-cookie'] ?? [];
  assert.match(cookie, /^sluice_operator=[^;]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
  return cookie.split(';', 1)[0] ?? '';
}

test('without the setting there is no inspector', async () => {
  const { token } = await closed.session();
  for (const headers of [{}, bearer(token), { cookie: `sluice_session=${token}` }]) {
    assert.is(await InspectorSocket.open(closed.url, headers), 404);
    const trace = await ask(closed.url, '/api/inspector/trace?download=AAAAAAAAAAAA', {
      headers: { ...host(closed), ...headers },
    });
    assert.equal([trace.status, trace.code], [404, 'not_found']);
  }
});

test('a link that is invalid, expired or modified is 404', async () => {
  const { stdout } = await sluice(['operator', '--server', closed.url], { place: closed.place });
  const grant = new URL(stdout.trim()).searchParams.get('grant') ?? '';
  const [expires = '', nonce, mac] = grant.split('.');
  const forged = [
    '',
    'x',
    `${grant}x`,
    `${Number(expires) + 1}.${nonce}.${mac}`,
    `1000000000000.${nonce}.${mac}`,
    `${expires}.${nonce}.${'A'.repeat(43)}`,
  ];
  for (const each of forged) {
    const answer = await ask(closed.url, `/inspector/sign-in?grant=${encodeURIComponent(each)}`, {
      headers: host(closed),
    });
    assert.is(answer.status, 404, each);
    assert.is(answer.headers['set-cookie'], undefined);
  }
  // A link cannot be used as a cookie.
  assert.is(await InspectorSocket.open(closed.url, { cookie: `sluice_operator=${grant}` }), 404);
});

test('the operator sees every session, also with the inspector off, and that is logged', async () => {
  const cookie = await signIn(closed);
  // The response may arrive before the output of the process.
  await waitFor(() => closed.log.includes('an operator signed in'), { what: 'the sign-in in the log' });
  assert.is(await InspectorSocket.open(closed.url, { cookie, origin: 'http://evil.example' }), 403);
  const api = await closed.session();
  const socket = await connect(closed, { cookie });
  socket.send({ type: 'watch' });
  const id = await api.add({ url: 'http://127.0.0.1:9/file.bin' });
  await socket.line('download', (view) => view.id === `download:${id}`);
  assert.equal(
    socket.messages.flatMap((message) => (message.type === 'hello' ? [message.scope] : [])),
    ['all'],
  );
});

test('an invalid message closes only its own socket', async () => {
  const { token } = await open.session();
  for (const junk of [
    '{',
    '{"type":"watch","kinds":["x"]}',
    '{"type":"what"}',
    `{"type":"watch","actor":"x"}`,
  ]) {
    const socket = await connect(open, bearer(token));
    const code = new Promise((resolve) => socket.ws.once('close', resolve));
    socket.ws.send(junk);
    assert.is(await code, 1008);
  }
});

test('an engine is observed from its start to its end, and its trace is complete and without secrets', async () => {
  const [api, stranger] = [await open.session(), await open.session()];
  const [mine, theirs] = [
    await connect(open, bearer(api.token)),
    await connect(open, bearer(stranger.token)),
  ];
  for (const socket of [mine, theirs]) socket.send({ type: 'watch' });
  const id = await api.add({ url: ADDRESS });
  const engine = await mine.line(
    'engine',
    (view) => view.parent === `download:${id}` && view.rssBytes !== null,
  );
  assert.is(engine.engine, 'stand-in');
  assert.ok(engine.processes >= 1 && (engine.rssBytes ?? 0) > 1_000_000);
  await api.waitFor(id, 'complete');
  await waitFor(() => mine.log.some((seen) => seen.kind === 'process' && seen.what === 'exit'));
  await waitFor(() => mine.log.some((seen) => seen.kind === 'output' && seen.text !== ''));

  mine.send({ type: 'explain', download: id });
  theirs.send({ type: 'explain', download: id });
  const explained = (socket: InspectorSocket) =>
    waitFor(() => socket.messages.find((message) => message.type === 'explained'));
  assert.is((await explained(mine)).explanation?.download.state, 'complete');
  assert.is((await explained(theirs)).explanation, null);
  const path = `/api/inspector/trace?download=${id}`;
  assert.is((await stranger.call('GET', path)).status, 404);
  const answer = await api.call<Trace>('GET', path);
  assert.is(answer.headers.get('content-disposition'), `attachment; filename="sluice-trace-${id}.json"`);
  const trace = answer.body;
  assert.ok(trace.observations.some((seen) => seen.kind === 'transition' && seen.value === 'complete'));
  assert.ok(trace.observations.some((seen) => seen.kind === 'process' && seen.what === 'start'));

  for (const text of [JSON.stringify(mine.messages), JSON.stringify(trace)]) {
    assert.not.ok(text.includes(SECRET));
    assert.not.ok(text.includes(api.token));
    assert.ok(text.includes('stand-in.test/lux-plain'));
  }
  // Nothing of it is visible to the other session: no id, no argv, no process, no number of sessions.
  const foreign = JSON.stringify(theirs.messages.filter((message) => message.type !== 'explained'));
  for (const word of [id, 'stand-in', 'lux-plain', 'engine:']) assert.not.ok(foreign.includes(word), word);
  assert.ok(theirs.lines.every((line) => line.kind === 'host' || line.kind === 'session'));

  const file = join(open.place.dir, 'trace.json');
  writeFileSync(file, JSON.stringify(trace));
  const printed = await sluice(['trace', file], { place: open.place });
  assert.is(printed.code, 0, printed.stderr);
  for (const word of ['run → queued.asked', '→ complete', 'Recording', 'exit 0']) {
    assert.ok(printed.stdout.includes(word), `${word} in ${printed.stdout}`);
  }
  const [again, original] = await Promise.all(
    [file, RECORDING].map((each) => sluice(['replay', each], { place: open.place })),
  );
  const progress = (run: typeof again) =>
    run?.lines<{ type: string }>().filter(({ type }) => type === 'progress');
  assert.ok((progress(original)?.length ?? 0) > 10);
  assert.equal(progress(again), progress(original));
  const none = await sluice(['replay', file, '--recording', '9'], { place: open.place });
  assert.equal([none.code, /holds 1 recording/.test(none.stderr)], [1, true]);
});

test('a file that is not a trace is refused with the reason', async () => {
  const cases: [text: string, code: string][] = [
    ['{"format":"sluice-trace","v":1', 'invalid_trace'],
    ['{"format":"har"}', 'invalid_trace'],
    ['{"format":"sluice-trace","v":2}', 'trace_newer'],
    ['{"format":"sluice-trace","v":1,"sluice":"0.1.0"}', 'invalid_trace'],
  ];
  for (const [text, code] of cases) {
    const file = join(open.place.dir, 'bad.json');
    writeFileSync(file, text);
    const { code: exit, stderr } = await sluice(['trace', file], { place: open.place });
    assert.is(exit, 1);
    assert.match(stderr, code);
  }
  assert.is((await sluice(['trace', join(open.place.dir, 'absent')], { place: open.place })).code, 1);
});

test.run();
