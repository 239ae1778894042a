import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COMMAND_TIMEOUT_MS, PARSE_TIMEOUT_MS } from '#lib/channel/client/pending-commands.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import type { MediaItem } from '#lib/protocol/media.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { ManualClock, snapshot, ScriptedServer } from './server.ts';

const test = suite<{ server: ScriptedServer }>('channel commands');
test.before.each(async (context) => {
  context.server = await ScriptedServer.open();
});
test.after.each((context) => context.server.close());

const ID = 'abcdefghijkl';
const codeOf = (error: unknown) => (error instanceof SluiceError ? error.code : error);

test('a command sent before the connection is open goes out after hello and is answered', async ({
  server,
}) => {
  server.onMessage = (connection, message) => {
    if (message['type'] === 'command')
      connection.send({ type: 'ack', id: message['id'] as string, result: { id: ID } });
  };
  const { channel } = server.channel();
  assert.equal(await settles(channel.send('add', { url: 'http://a.test/x' })), { id: ID });
  const { received } = await server.connection(0);
  assert.equal(
    received.map(({ type, name, url }) => [type, name, url]),
    [
      ['hello', undefined, undefined],
      ['command', 'add', 'http://a.test/x'],
    ],
  );
});

test('a reject carries the code and message of the server', async ({ server }) => {
  server.onMessage = (connection, message) => {
    if (message['type'] === 'command')
      connection.send({
        type: 'reject',
        id: message['id'] as string,
        error: { code: 'wrong_state', message: 'It is done.' },
      });
  };
  const { channel } = server.channel();
  const error = await settles(channel.send('pause', { downloadId: ID })).catch((e: unknown) => e);
  assert.instance(error, SluiceError);
  assert.equal((error as SluiceError).view, { code: 'wrong_state', message: 'It is done.' });
});

test('an unanswered command is sent again with its id on the next connection, an answered one is not', async ({
  server,
}) => {
  const { channel } = server.channel();
  const first = await server.connection(0);
  const answered = channel.send('pause', { downloadId: ID });
  const lost = channel.send('resume', { downloadId: ID });
  await waitFor(() => first.received.length === 3);
  first.send({ type: 'ack', id: first.received[1]!['id'] as string, result: null });
  await settles(answered);
  first.socket.terminate();
  const second = await server.connection(1);
  await waitFor(() => second.received.length === 2);
  assert.equal(second.received[1], first.received[2]);
  second.send({ type: 'ack', id: second.received[1]!['id'] as string, result: null });
  await settles(lost);
});

for (const [closeCode, expected] of [
  [1008, 'invalid_request'],
  [1009, 'body_too_large'],
] as const) {
  test(`commands that made the server close with ${closeCode} are not sent again`, async ({ server }) => {
    const { channel } = server.channel();
    const first = await server.connection(0);
    first.send(snapshot('e1', 3));
    const command = channel.send('pause', { downloadId: ID }).catch(codeOf);
    await waitFor(() => first.received.length === 2);
    first.socket.close(closeCode);
    assert.is(await settles(command), expected);
    const second = await server.connection(1);
    await waitFor(() => second.received.length === 1);
    assert.equal(second.received, [{ type: 'hello' }]);
  });
}

test('a message over the limit is refused before it is sent', async ({ server }) => {
  const { channel } = server.channel();
  const error = await settles(
    channel.send('add', { url: `http://a.test/${'ü'.repeat(40_000)}` }).catch((e: unknown) => e),
  );
  assert.is(codeOf(error), 'body_too_large');
});

test('a command without an answer in time fails, also while there is no connection', async ({ server }) => {
  const clock = new ManualClock();
  const { channel } = server.channel({ clock });
  const first = await server.connection(0);
  const error = channel.send('pause', { downloadId: ID }).catch(codeOf);
  await waitFor(() => first.received.length === 2);
  clock.advance(COMMAND_TIMEOUT_MS);
  assert.is(await settles(error), 'not_ready');
});

test('while a parse waits for a slow server its time is held, but not without a connection', async ({
  server,
}) => {
  const clock = new ManualClock();
  const { channel } = server.channel({ clock });
  const first = await server.connection(0);
  const said: boolean[] = [];
  const options = { onWaiting: (isWaiting: boolean) => void said.push(isWaiting) };
  const error = channel.send('parse', { url: 'http://a.test/x' }, options).catch(codeOf);
  const command = await waitFor(() => first.received[1]);
  first.send({ type: 'waiting', id: command['id'] as string, isWaiting: true });
  await waitFor(() => said.length === 1);
  clock.advance(PARSE_TIMEOUT_MS - 1);
  first.send({ type: 'waiting', id: command['id'] as string, isWaiting: false });
  await waitFor(() => said.length === 2);
  assert.equal(said, [true, false]);
  clock.advance(PARSE_TIMEOUT_MS);
  assert.is(await settles(error), 'not_ready');
});

test('items of a parse arrive as they are found, also after a lost connection', async ({ server }) => {
  const { channel } = server.channel();
  const item = (id: string): MediaItem => ({
    id,
    url: `http://a.test/${id}`,
    site: 'a.test',
    title: id,
    type: 'video',
    streams: [],
  });
  const found: string[] = [];
  const parse = channel.send(
    'parse',
    { url: 'http://a.test/' },
    { onItems: (items) => found.push(...items.map(({ id }) => id)) },
  );
  for (const index of [0, 1]) {
    const connection = await server.connection(index);
    await waitFor(() => connection.received.length === 2);
    const id = connection.received[1]!['id'] as string;
    connection.send({ type: 'items', id, engine: 'http', items: [item('1')] });
    await waitFor(() => found.length === index + 1);
    if (index === 0) connection.socket.terminate();
    else connection.send({ type: 'ack', id, result: { engine: 'http', items: [item('1'), item('2')] } });
  }
  assert.equal(found, ['1', '1']);
  assert.is((await settles(parse)).items.length, 2);
});

test('the late answer of an aborted parse is ignored', async ({ server }) => {
  const { channel } = server.channel();
  const first = await server.connection(0);
  const abort = new AbortController();
  const parse = channel.send('parse', { url: 'http://a.test/' }, { signal: abort.signal });
  await waitFor(() => first.received.length === 2);
  abort.abort();
  const error = (await settles(parse.catch((e: unknown) => e))) as Error;
  assert.is(error.name, 'AbortError');
  first.send({ type: 'ack', id: first.received[1]!['id'] as string, result: null });
  first.send({ type: 'items', id: first.received[1]!['id'] as string, engine: 'http', items: [] });
});

test('however often the connection breaks, each command is done once and gets its own answer', async ({
  server,
}) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
      fc.array(fc.constantFrom('before', 'after', 'no'), { maxLength: 20 }),
      async (gaps, faults) => {
        const done = new Map<string, string>();
        const queue = [...faults];
        server.onMessage = (connection, message) => {
          if (message['type'] !== 'command') return;
          const fault = queue.shift() ?? 'no';
          if (fault === 'before') return connection.socket.terminate();
          const id = message['id'] as string;
          // As the server does: a repeated id is not done again.
          if (!done.has(id)) done.set(id, `${message['url'] as string}#${done.size}`);
          if (fault === 'after') return connection.socket.terminate();
          connection.send({ type: 'ack', id, result: { id: done.get(id) } });
        };
        const { channel } = server.channel();
        const answers: Promise<{ id: string }>[] = [];
        for (const [index, pause] of gaps.entries()) {
          answers.push(channel.send('add', { url: `http://a.test/${index}` }));
          if (pause) await new Promise((resolve) => setImmediate(resolve));
        }
        const results = await settles(Promise.all(answers));
        channel.close();
        assert.is(done.size, gaps.length);
        for (const [index, { id }] of results.entries()) assert.match(id, `http://a.test/${index}#`);
      },
    ),
    { numRuns: 40 },
  );
});

test.run();
