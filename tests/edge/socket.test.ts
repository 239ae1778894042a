import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ServerMessage, Snapshot } from '#lib/protocol/channel.ts';
import type { Api } from '../support/api.ts';
import { makePlace, startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait.ts';
import { TestSocket } from './ask.ts';

const test = suite('socket');
let server: TestServer;
const open = new Set<TestSocket>();

test.before(async () => {
  server = await startServer();
});
test.after.each(() => {
  for (const socket of open) socket.close();
  open.clear();
});
test.after(async () => {
  await (server as TestServer | undefined)?.stop();
});

async function connect(api: Api, url = server.url): Promise<TestSocket> {
  const socket = await TestSocket.of(url, api.token);
  open.add(socket);
  return socket;
}

function next<T extends ServerMessage['type']>(
  socket: TestSocket,
  type: T,
  fits: (message: Extract<ServerMessage, { type: T }>) => boolean = () => true,
): Promise<Extract<ServerMessage, { type: T }>> {
  type Wanted = Extract<ServerMessage, { type: T }>;
  const probe = (): Wanted | undefined =>
    socket.messages.find((message): message is Wanted => message.type === type && fits(message as Wanted));
  return waitFor(probe, { what: `a message of type ${type}` }) as Promise<Wanted>;
}

/** Nothing listens there: the download goes to `waiting`, which sends updates. */
const NOWHERE = 'http://127.0.0.1:9/file.bin';

test('hello is answered with a snapshot, and each update has the next seq', async () => {
  const api = await server.session();
  const socket = await connect(api);
  socket.send({ type: 'hello' });
  const snapshot = await next(socket, 'snapshot');
  assert.equal(snapshot.downloads, []);
  assert.equal(snapshot.totals, { active: 0, queued: 0, done: 0, failed: 0, bytesPerSecond: 0 });
  const id = await api.add({ url: NOWHERE });
  await next(socket, 'update', ({ changes }) =>
    changes.some((change) => change.id === id && 'url' in change),
  );
  await next(socket, 'update', ({ changes }) =>
    changes.some((change) => 'error' in change && change.error !== null),
  );
  const seqs = socket.messages.flatMap((message) => (message.type === 'update' ? [message.seq] : []));
  assert.equal(
    seqs,
    seqs.map((_, index) => snapshot.seq + 1 + index),
  );
});

test('a command is acknowledged; repeated with its id it acts once', async () => {
  const api = await server.session();
  const socket = await connect(api);
  const command = { type: 'command', id: 'once', name: 'add', url: NOWHERE };
  socket.send({ type: 'hello' });
  socket.send(command);
  socket.send(command);
  await waitFor(() => socket.messages.filter(({ type }) => type === 'ack').length === 2, {
    what: 'two acks',
  });
  const [first, second] = socket.messages.flatMap((message) =>
    message.type === 'ack' ? [message.result] : [],
  );
  assert.equal(first, second);
  assert.is((await api.list()).length, 1);
  const conflict = await api.call<{ code: string }>('POST', '/api/downloads', {
    url: `${NOWHERE}2`,
    commandId: 'once',
  });
  assert.equal([conflict.status, conflict.body.code], [409, 'command_conflict']);
});

test('a command that fails is rejected with its code, and the socket stays open', async () => {
  const socket = await connect(await server.session());
  socket.send({ type: 'hello' });
  socket.send({ type: 'command', id: 'a', name: 'add', url: 'file:///etc/passwd' });
  socket.send({ type: 'command', id: 'b', name: 'pause', downloadId: 'AAAAAAAAAAAA' });
  assert.is((await next(socket, 'reject', ({ id }) => id === 'a')).error.code, 'unsupported_scheme');
  assert.is((await next(socket, 'reject', ({ id }) => id === 'b')).error.code, 'not_found');
});

for (const [what, junk] of [
  ['text that is not JSON', 'junk'],
  ['a message of no known type', '{"type":"what"}'],
  ['bytes', Buffer.from([0, 1, 2])],
  ['a command before hello', '{"type":"command","id":"x","name":"add","url":"http://example.com/"}'],
] as const) {
  test(`${what} closes with 1008`, async () => {
    const socket = await connect(await server.session());
    socket.ws.send(junk);
    assert.is(await socket.closed, 1008);
  });
}

test('a message over 64 KiB closes with 1009', async () => {
  const socket = await connect(await server.session());
  socket.send(JSON.stringify({ type: 'hello', epoch: 'x'.repeat(64 * 1024) }));
  assert.is(await socket.closed, 1009);
});

test('two sockets of a session get the same update, another session gets none', async () => {
  const [ours, theirs] = [await server.session(), await server.session()];
  const [one, two, other] = [await connect(ours), await connect(ours), await connect(theirs)];
  for (const socket of [one, two, other]) socket.send({ type: 'hello' });
  for (const socket of [one, two, other]) await next(socket, 'snapshot');
  const id = await ours.add({ url: NOWHERE });
  const firstUpdate = (socket: TestSocket) =>
    next(socket, 'update', ({ changes }) => changes.some((change) => change.id === id && 'url' in change));
  assert.equal(await firstUpdate(one), await firstUpdate(two));
  const { status } = await theirs.call('GET', `/api/downloads/${id}`);
  assert.is(status, 404);
  assert.is((await theirs.call('POST', `/api/downloads/${id}/cancel`)).status, 404);
  // A snapshot taken after the others had their update is still empty for the other session.
  other.send({ type: 'hello' });
  await waitFor(() => other.messages.filter(({ type }) => type === 'snapshot').length === 2);
  assert.ok(other.messages.every((message) => message.type === 'snapshot' && message.downloads.length === 0));
});

test('a client that reconnects gets exactly the updates it missed', async () => {
  const api = await server.session();
  const first = await connect(api);
  first.send({ type: 'hello' });
  const { epoch, seq } = await next(first, 'snapshot');
  const id = await api.add({ url: NOWHERE });
  await next(first, 'update', ({ changes }) => changes.some((change) => change.id === id));
  first.close();
  const again = await connect(api);
  again.send({ type: 'hello', epoch, seq });
  const update = await next(again, 'update');
  assert.is(update.seq, seq + 1);
  assert.not(again.messages.some(({ type }) => type === 'snapshot'));
});

test('a stopping server closes sockets with 1012, and a command repeated after a restart acts once', async () => {
  const place = makePlace();
  try {
    const before = await startServer({ place });
    const api = await before.session();
    const socket = await connect(api, before.url);
    socket.send({ type: 'hello' });
    await next(socket, 'snapshot');
    const command = { type: 'command', id: 'lasting', name: 'add', url: NOWHERE };
    socket.send(command);
    const ack = await next(socket, 'ack');
    assert.is(await before.stop(), 0);
    assert.is(await socket.closed, 1012);

    const after = await startServer({ place });
    try {
      const resumed = await connect(api, after.url);
      resumed.send({ type: 'hello' });
      const snapshot: Snapshot = await next(resumed, 'snapshot');
      assert.is(snapshot.downloads.length, 1);
      resumed.send(command);
      assert.equal((await next(resumed, 'ack')).result, ack.result);
      assert.is((await api.at(after.url).list()).length, 1);
      const overHttp = await api
        .at(after.url)
        .call('POST', '/api/downloads', { url: NOWHERE, commandId: 'lasting' });
      assert.equal([overHttp.status, overHttp.body], [202, ack.result]);
    } finally {
      await after.stop();
    }
  } finally {
    place.remove();
  }
});

test.run();
