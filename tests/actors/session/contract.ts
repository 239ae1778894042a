/**
 * What a session has to do whatever host it lives in: a client over HTTP and ws on one side, the runner on the
 * other, and a stop in between. A host joins by an adapter.
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
  greeted,
  heard,
  type Heard,
  list,
  type SessionHost,
  type Told,
  show,
  starts,
  told,
} from './contract-host.ts';
import { done, failed, phase, sample } from './harness.ts';

/**
 * The contract, to be run by the caller.
 * @param open gives a fresh host with an empty session: 3 downloads at once, a window of 200 ms
 */
export function contract(name: string, open: () => Promise<SessionHost>): Test<{ host: SessionHost }> {
  const test = suite<{ host: SessionHost }>(name);
  test.before.each(async (context) => {
    context.host = await open();
  });
  test.after.each(async ({ host }) => {
    await host.close();
  });

  test('a client is told all there is, and then each change', async ({ host }) => {
    const id = await add(host, 'before');
    const client = await greeted(host);
    const snapshot = await heard(client, 'snapshot');
    assert.equal(
      snapshot.downloads.map((row) => [row.id, row.state]),
      [[id, 'queued']],
    );
    const second = await add(host, 'after');
    const update = await heard(client, 'update', ({ changes }) => changes.some((row) => row.id === second));
    assert.is(update.seq, snapshot.seq + 1);
    assert.is((update.changes[0] as DownloadView).state, 'queued');
  });

  test('what did not say hello is not listened to', async ({ host }) => {
    const client = await host.connect();
    client.say({ type: 'command', id: 'c', name: 'add', url: 'https://example.org/a' });
    await waitFor(() => client.isClosed, { what: 'the socket to be closed' });
    assert.equal((await list(host)).downloads, []);
  });

  test('a download goes from the queue to its file, by what the runner says', async ({ host }) => {
    const client = await greeted(host);
    const id = await add(host, 'a');
    assert.is((await told(host, 'start', id)).url, 'https://example.org/a');
    await host.news(phase(id, 'parse'), phase(id, 'download'), sample(id, 10));
    for (let bytes = 11; bytes <= 500; bytes += 1) await host.news(sample(id, bytes));
    await host.pass(200);
    await heard(client, 'update', ({ changes }) =>
      changes.some((row) => 'receivedBytes' in row && row.receivedBytes === 500),
    );
    await host.news(phase(id, 'finish'), done(id));
    await told(host, 'settle', id);
    await heard(client, 'update', ({ changes }) =>
      changes.some((row) => 'state' in row && row.state === 'complete'),
    );
    const view = await show(host, id);
    assert.equal(
      [view.state, view.file, view.receivedBytes],
      ['complete', { name: `${id}.bin`, bytes: 1000 }, 1000],
    );
    const updates = client.messages.filter(({ type }) => type === 'update') as Heard<'update'>[];
    assert.ok(updates.length < 100, '490 samples are gathered into windows');
    assert.equal(
      updates.map(({ seq }) => seq - updates[0]!.seq),
      updates.map((_, index) => index),
      'no gap and no duplicate',
    );
  });

  test('a command acts once, over HTTP and ws, before and after a restart', async ({ host }) => {
    const asked = { url: 'https://example.org/once', commandId: 'c1' };
    const first = await host.call('POST', '/downloads', asked);
    assert.is(first.status, 202);
    assert.equal(await host.call('POST', '/downloads', asked), first);
    await host.restart();
    assert.equal(await host.call('POST', '/downloads', asked), first);
    const other = await host.call('POST', '/downloads', { ...asked, url: 'https://example.org/other' });
    assert.equal([other.status, (other.body as { code: string }).code], [409, 'command_conflict']);

    const command = { type: 'command', id: 'c2', name: 'add', url: 'https://example.org/ws' };
    const client = await greeted(host);
    client.say(command);
    client.say(command);
    await waitFor(() => client.messages.filter(({ type }) => type === 'ack').length === 2, {
      what: 'both answers',
    });
    const [one, two] = client.messages.filter(({ type }) => type === 'ack') as Heard<'ack'>[];
    assert.equal(one, two);
    assert.is((await list(host)).downloads.length, 2);
  });

  test('pause, resume, cancel and retry reach the runner, each with its attempt', async ({ host }) => {
    const id = await add(host, 'a');
    await told(host, 'start', id);
    await host.news(phase(id, 'download'));
    const act = async (action: string) => {
      const { status, body } = await host.call('POST', `/downloads/${id}/${action}`);
      return [status, (body as DownloadView).state];
    };
    assert.equal(await act('pause'), [202, 'paused']);
    assert.is((await told(host, 'stop', id)).attempt, 1);
    assert.equal((await host.call('POST', `/downloads/${id}/pause`)).status, 409);
    assert.equal(await act('resume'), [202, 'queued']);
    await waitFor(() => starts(host, id).length === 2, { what: 'the second start' });
    assert.equal(await act('cancel'), [202, 'cancelled']);
    await told(host, 'discard', id);
    await host.news({ type: 'discarded', download: id });
    assert.equal(await act('retry'), [202, 'queued']);
    await waitFor(() => starts(host, id).length === 3, { what: 'the third start' });
    const [first, , last] = starts(host, id);
    assert.ok(last!.attempt > first!.attempt, 'late words of the old attempt can be told apart');
    await host.news(phase(id, 'download', last!.attempt), done(id, first!.attempt));
    assert.is((await show(host, id)).state, 'download');
  });

  test('commands reach the runner in the order of what they follow from', async ({ host }) => {
    const id = await add(host, 'a');
    await told(host, 'start', id);
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

  test('a removal is answered when the runner has taken the bytes away', async ({ host }) => {
    const id = await add(host, 'a');
    const answer = host.call('DELETE', `/downloads/${id}`);
    await told(host, 'discard', id);
    await host.news({ type: 'discarded', download: id });
    assert.is((await answer).status, 204);
    assert.is((await host.call('GET', `/downloads/${id}`)).status, 404);
  });

  test('a parse is answered by a later word of the runner, and given up with its client', async ({
    host,
  }) => {
    const answer = host.call('POST', '/parse', { url: 'https://example.org/page' });
    const { job } = await told(host, 'parse');
    const result = { engine: 'http' as const, items: [] };
    await host.news({ type: 'parse-done', job, result });
    assert.equal(await answer, { status: 200, body: result });

    const client = await greeted(host);
    client.say({ type: 'command', id: 'p', name: 'parse', url: 'https://example.org/other' });
    const asked = await waitFor(() => host.commands.filter(({ type }) => type === 'parse')[1]);
    client.leave();
    assert.is((await told(host, 'abandon-parse')).job, (asked as Told<'parse'>).job);
  });

  test('what may pass is tried again by the alarm', async ({ host }) => {
    const id = await add(host, 'a');
    await told(host, 'start', id);
    await host.news(phase(id, 'download'), failed(id, true));
    assert.is((await show(host, id)).state, 'waiting');
    assert.is(starts(host, id).length, 1);
    await host.pass(1500);
    await waitFor(() => starts(host, id).length === 2, { what: 'the second start' });
    assert.ok(starts(host, id)[1]!.attempt > 1);
  });

  test('an alarm that was set before a stop rings after it, with nobody there', async ({ host }) => {
    const id = await add(host, 'a');
    await told(host, 'start', id);
    await host.news(phase(id, 'download'), failed(id, true));
    await host.restart();
    await host.pass(1500);
    const { attempt } = await told(host, 'start', id);
    assert.ok(attempt > 1);
  });

  test('a turn that throws leaves nothing: no row, no frame and no command of it, and the session goes on', async ({
    host,
  }) => {
    const client = await greeted(host);
    const [bad, good] = [await add(host, 'bad'), await add(host, 'good')];
    await told(host, 'start', good);
    await host.news(phase(bad, 'download'), phase(good, 'download'));
    const poison = { ...failed(bad, true), error: null } as unknown as RunnerEvent;
    assert.ok(await host.crash(done(good), poison), 'the runner hears of it');
    assert.is((await show(host, good)).state, 'download');
    assert.not(host.commands.some(({ type }) => type === 'settle'));
    // What is stored is asked for again by the activation that follows.
    await waitFor(() => starts(host, good).length === 2, { what: 'the second start' });
    const isComplete = ({ type, ...message }: ServerMessage) =>
      type === 'update' && JSON.stringify(message).includes('"complete"');
    assert.not(client.messages.some(isComplete));
    await host.news(done(good));
    await told(host, 'settle', good);
    assert.is((await show(host, good)).state, 'complete');
  });

  test('what is too much for one turn is done in slices, in order, and none is lost', async ({ host }) => {
    const ids: string[] = [];
    for (let n = 0; n < 40; n += 1) ids.push(await add(host, String(n)));
    await told(host, 'start', ids[0]);
    // Each ends, and makes room for the next, which has ended by then.
    await host.news(...ids.flatMap((id) => [phase(id, 'download'), done(id)]));
    const unknown = Array.from({ length: 300 }, (_, n) => `none${String(n).padStart(8, '0')}`);
    await host.news({ type: 'found', downloads: unknown });
    const aside = () => host.commands.flatMap((each) => (each.type === 'set-aside' ? each.download : []));
    await waitFor(() => aside().length === unknown.length, { what: 'all to be set aside' });
    assert.equal(aside(), unknown);
    assert.ok((await host.mostWrites()) <= LIMITS.turnWrites, `${await host.mostWrites()} in one turn`);
  });

  test('after a stop everything is as it was, and what was being worked on is asked for again', async ({
    host,
  }) => {
    const ids: string[] = [];
    for (const name of ['done', 'paused', 'running', 'queued', 'last']) ids.push(await add(host, name));
    const [complete = '', paused = '', running = ''] = ids;
    await told(host, 'start', running);
    await host.news(phase(complete, 'download'), done(complete), phase(running, 'download'));
    await host.call('POST', `/downloads/${paused}/pause`);
    await waitFor(() => starts(host, ids[4]!).length === 1, { what: 'the last to have a place' });
    const before = await list(host);
    const client = await greeted(host);
    const { epoch, seq } = await heard(client, 'snapshot');

    await host.restart();
    assert.equal(await list(host), before);
    await told(host, 'start', running);
    assert.equal([starts(host, complete), starts(host, paused)], [[], []]);
    const again = await host.connect();
    again.say({ type: 'hello', epoch, seq });
    assert.is.not((await heard(again, 'snapshot')).epoch, epoch);
  });

  test('a client that comes back gets what it missed, and no more', async ({ host }) => {
    const client = await greeted(host);
    const other = await greeted(host);
    const { epoch, seq } = await heard(client, 'snapshot');
    await heard(other, 'snapshot');
    client.leave();
    const id = await add(host, 'missed');
    await heard(other, 'update', ({ changes }) => changes.some((row) => row.id === id));
    const again = await host.connect();
    again.say({ type: 'hello', epoch, seq });
    await heard(again, 'update', ({ changes }) => changes.some((row) => row.id === id));
    assert.not(again.messages.some(({ type }) => type === 'snapshot'));
    assert.is((again.messages[0] as Heard<'update'>).seq, seq + 1);
  });

  return test;
}
