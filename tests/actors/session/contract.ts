/**
 * The contract of a session on every host: a client over HTTP and ws on one side, the runner on the
 * other, and restarts. Each host has an adapter.
 */
import { suite, type Test } from 'uvu';
import * as assert from 'uvu/assert';
import { LIMITS } from '#lib/actors/durable/limits.ts';
import type { ServerMessage } from '#lib/protocol/channel.ts';
import type { DownloadView } from '#lib/protocol/download.ts';
import type { RunnerEvent } from '#lib/protocol/runner.ts';
import { waitFor } from '../../support/wait.ts';
import {
  add,
  connectClient,
  receivedMessage,
  type ReceivedMessage,
  list,
  type SessionHost,
  type SentCommand,
  show,
  starts,
  sentCommand,
} from './contract-host.ts';
import { done, failed, phase, sample } from './harness.ts';

/**
 * Registers the tests of the contract; the caller runs them.
 * @param open creates a host with an empty session: 3 active downloads, a throttle window of 200 ms
 */
export function contract(name: string, open: () => Promise<SessionHost>): Test<{ host: SessionHost }> {
  const test = suite<{ host: SessionHost }>(name);
  test.before.each(async (context) => {
    context.host = await open();
  });
  test.after.each(async ({ host }) => {
    await host.close();
  });

  test('a client gets a snapshot, and then each change', async ({ host }) => {
    const id = await add(host, 'before');
    const client = await connectClient(host);
    const snapshot = await receivedMessage(client, 'snapshot');
    assert.equal(
      snapshot.downloads.map((row) => [row.id, row.state]),
      [[id, 'queued']],
    );
    const second = await add(host, 'after');
    const update = await receivedMessage(client, 'update', ({ changes }) =>
      changes.some((row) => row.id === second),
    );
    assert.is(update.seq, snapshot.seq + 1);
    assert.is((update.changes[0] as DownloadView).state, 'queued');
  });

  test('a socket without `hello` is refused', async ({ host }) => {
    const client = await host.connect();
    client.say({ type: 'command', id: 'c', name: 'add', url: 'https://example.org/a' });
    await waitFor(() => client.isClosed, { what: 'the socket to be closed' });
    assert.equal((await list(host)).downloads, []);
  });

  test('a download goes from the queue to its file by runner events', async ({ host }) => {
    const client = await connectClient(host);
    const id = await add(host, 'a');
    assert.is((await sentCommand(host, 'start', id)).url, 'https://example.org/a');
    await host.news(phase(id, 'parse'), phase(id, 'download'), sample(id, 10));
    for (let bytes = 11; bytes <= 500; bytes += 1) await host.news(sample(id, bytes));
    await host.pass(200);
    await receivedMessage(client, 'update', ({ changes }) =>
      changes.some((row) => 'receivedBytes' in row && row.receivedBytes === 500),
    );
    await host.news(phase(id, 'finish'), done(id));
    await sentCommand(host, 'settle', id);
    await receivedMessage(client, 'update', ({ changes }) =>
      changes.some((row) => 'state' in row && row.state === 'complete'),
    );
    const view = await show(host, id);
    assert.equal(
      [view.state, view.file, view.receivedBytes],
      ['complete', { name: `${id}.bin`, bytes: 1000 }, 1000],
    );
    const updates = client.messages.filter(({ type }) => type === 'update') as ReceivedMessage<'update'>[];
    assert.ok(updates.length < 100, '490 samples are gathered into windows');
    assert.equal(
      updates.map(({ seq }) => seq - updates[0]!.seq),
      updates.map((_, index) => index),
      'no gap and no duplicate',
    );
  });

  test('a command id acts once, over HTTP and ws, before and after a restart', async ({ host }) => {
    const asked = { url: 'https://example.org/once', commandId: 'c1' };
    const first = await host.call('POST', '/downloads', asked);
    assert.is(first.status, 202);
    assert.equal(await host.call('POST', '/downloads', asked), first);
    await host.restart();
    assert.equal(await host.call('POST', '/downloads', asked), first);
    const other = await host.call('POST', '/downloads', { ...asked, url: 'https://example.org/other' });
    assert.equal([other.status, (other.body as { code: string }).code], [409, 'command_conflict']);

    const command = { type: 'command', id: 'c2', name: 'add', url: 'https://example.org/ws' };
    const client = await connectClient(host);
    client.say(command);
    client.say(command);
    await waitFor(() => client.messages.filter(({ type }) => type === 'ack').length === 2, {
      what: 'both answers',
    });
    const [one, two] = client.messages.filter(({ type }) => type === 'ack') as ReceivedMessage<'ack'>[];
    assert.equal(one, two);
    assert.is((await list(host)).downloads.length, 2);
  });

  test('pause, resume, cancel and retry reach the runner, each with its attempt', async ({ host }) => {
    const id = await add(host, 'a');
    await sentCommand(host, 'start', id);
    await host.news(phase(id, 'download'));
    const act = async (action: string) => {
      const { status, body } = await host.call('POST', `/downloads/${id}/${action}`);
      return [status, (body as DownloadView).state];
    };
    assert.equal(await act('pause'), [202, 'paused']);
    assert.is((await sentCommand(host, 'stop', id)).attempt, 1);
    assert.equal((await host.call('POST', `/downloads/${id}/pause`)).status, 409);
    assert.equal(await act('resume'), [202, 'queued']);
    await waitFor(() => starts(host, id).length === 2, { what: 'the second start' });
    assert.equal(await act('cancel'), [202, 'cancelled']);
    await sentCommand(host, 'discard', id);
    await host.news({ type: 'discarded', download: id });
    assert.equal(await act('retry'), [202, 'queued']);
    await waitFor(() => starts(host, id).length === 3, { what: 'the third start' });
    const [first, , last] = starts(host, id);
    assert.ok(last!.attempt > first!.attempt, 'late words of the old attempt can be told apart');
    await host.news(phase(id, 'download', last!.attempt), done(id, first!.attempt));
    assert.is((await show(host, id)).state, 'download');
  });

  test('commands reach the runner in the order of the requests', async ({ host }) => {
    const id = await add(host, 'a');
    await sentCommand(host, 'start', id);
    for (let round = 0; round < 5; round += 1) {
      await host.call('POST', `/downloads/${id}/pause`);
      await host.call('POST', `/downloads/${id}/resume`);
    }
    const orders = () => host.commands.filter(({ type }) => type === 'start' || type === 'stop');
    await waitFor(() => orders().length === 11, { what: 'all commands' });
    assert.equal(
      orders().map(({ type }) => type),
      ['start', ...Array.from({ length: 5 }, () => ['stop', 'start']).flat()],
    );
  });

  test('a removal is answered when the runner has removed the bytes', async ({ host }) => {
    const id = await add(host, 'a');
    const answer = host.call('DELETE', `/downloads/${id}`);
    await sentCommand(host, 'discard', id);
    await host.news({ type: 'discarded', download: id });
    assert.is((await answer).status, 204);
    assert.is((await host.call('GET', `/downloads/${id}`)).status, 404);
  });

  test('a parse is answered by a later runner event, and ends with its client', async ({ host }) => {
    const answer = host.call('POST', '/parse', { url: 'https://example.org/page' });
    const { job } = await sentCommand(host, 'parse');
    const result = { engine: 'http' as const, items: [] };
    await host.news({ type: 'parse-done', job, result });
    assert.equal(await answer, { status: 200, body: result });

    const client = await connectClient(host);
    client.say({ type: 'command', id: 'p', name: 'parse', url: 'https://example.org/other' });
    const asked = await waitFor(() => host.commands.filter(({ type }) => type === 'parse')[1]);
    client.leave();
    assert.is((await sentCommand(host, 'abandon-parse')).job, (asked as SentCommand<'parse'>).job);
  });

  test('a transient failure is retried by the alarm', async ({ host }) => {
    const id = await add(host, 'a');
    await sentCommand(host, 'start', id);
    await host.news(phase(id, 'download'), failed(id, true));
    assert.is((await show(host, id)).state, 'waiting');
    assert.is(starts(host, id).length, 1);
    await host.pass(1500);
    await waitFor(() => starts(host, id).length === 2, { what: 'the second start' });
    assert.ok(starts(host, id)[1]!.attempt > 1);
  });

  test('an alarm that was set before a restart fires after it, without a client', async ({ host }) => {
    const id = await add(host, 'a');
    await sentCommand(host, 'start', id);
    await host.news(phase(id, 'download'), failed(id, true));
    await host.restart();
    await host.pass(1500);
    const { attempt } = await sentCommand(host, 'start', id);
    assert.ok(attempt > 1);
  });

  test('a turn that throws leaves no row, frame or command, and the session goes on', async ({ host }) => {
    const client = await connectClient(host);
    const [bad, good] = [await add(host, 'bad'), await add(host, 'good')];
    await sentCommand(host, 'start', good);
    await host.news(phase(bad, 'download'), phase(good, 'download'));
    const poison = { ...failed(bad, true), error: null } as unknown as RunnerEvent;
    assert.ok(await host.crash(done(good), poison), 'the runner hears of it');
    assert.is((await show(host, good)).state, 'download');
    assert.not(host.commands.some(({ type }) => type === 'settle'));
    // The next activation starts the stored jobs again.
    await waitFor(() => starts(host, good).length === 2, { what: 'the second start' });
    const isComplete = ({ type, ...message }: ServerMessage) =>
      type === 'update' && JSON.stringify(message).includes('"complete"');
    assert.not(client.messages.some(isComplete));
    await host.news(done(good));
    await sentCommand(host, 'settle', good);
    assert.is((await show(host, good)).state, 'complete');
  });

  test('work that is too much for one turn is done in slices, in order, without loss', async ({ host }) => {
    const ids: string[] = [];
    for (let n = 0; n < 40; n += 1) ids.push(await add(host, String(n)));
    await sentCommand(host, 'start', ids[0]);
    // Each `done` frees the slot for the next download.
    await host.news(...ids.flatMap((id) => [phase(id, 'download'), done(id)]));
    const unknown = Array.from({ length: 300 }, (_, n) => `none${String(n).padStart(8, '0')}`);
    await host.news({ type: 'found', downloads: unknown });
    const aside = () => host.commands.flatMap((each) => (each.type === 'set-aside' ? each.download : []));
    await waitFor(() => aside().length === unknown.length, { what: 'all to be set aside' });
    assert.equal(aside(), unknown);
    assert.ok((await host.mostWrites()) <= LIMITS.turnWrites, `${await host.mostWrites()} in one turn`);
  });

  test('after a restart everything is as before, and running jobs are started again', async ({ host }) => {
    const ids: string[] = [];
    for (const name of ['done', 'paused', 'running', 'queued', 'last']) ids.push(await add(host, name));
    const [complete = '', paused = '', running = ''] = ids;
    await sentCommand(host, 'start', running);
    await host.news(phase(complete, 'download'), done(complete), phase(running, 'download'));
    await host.call('POST', `/downloads/${paused}/pause`);
    await waitFor(() => starts(host, ids[4]!).length === 1, { what: 'the last to have a place' });
    const before = await list(host);
    const client = await connectClient(host);
    const { epoch, seq } = await receivedMessage(client, 'snapshot');

    await host.restart();
    assert.equal(await list(host), before);
    await sentCommand(host, 'start', running);
    assert.equal([starts(host, complete), starts(host, paused)], [[], []]);
    const again = await host.connect();
    again.say({ type: 'hello', epoch, seq });
    assert.is.not((await receivedMessage(again, 'snapshot')).epoch, epoch);
  });

  test('a client that reconnects gets exactly what it missed', async ({ host }) => {
    const client = await connectClient(host);
    const other = await connectClient(host);
    const { epoch, seq } = await receivedMessage(client, 'snapshot');
    await receivedMessage(other, 'snapshot');
    client.leave();
    const id = await add(host, 'missed');
    await receivedMessage(other, 'update', ({ changes }) => changes.some((row) => row.id === id));
    const again = await host.connect();
    again.say({ type: 'hello', epoch, seq });
    await receivedMessage(again, 'update', ({ changes }) => changes.some((row) => row.id === id));
    assert.not(again.messages.some(({ type }) => type === 'snapshot'));
    assert.is((again.messages[0] as ReceivedMessage<'update'>).seq, seq + 1);
  });

  return test;
}
