/** A directory that does not answer: who has signed in notices nothing, and only who signs in waits. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { visitOf } from '#lib/channel/people/page-visit.ts';
import type { AccountView } from '#lib/protocol/people.ts';
import { firstLink } from '../../src/server/people.ts';
import { TestSocket } from '../edge/ask.ts';
import { startEdge } from '../support/edge-in-process.ts';
import { accept, Person } from '../support/people.ts';

test('pages load, the channel connects and downloads are added while the directory is stopped', async () => {
  const server = await startEdge();
  const { url, edge } = server;
  try {
    const ann = await accept(url, (await firstLink(edge)) ?? '', 'Ann');
    let asked = 0;
    edge.people.directory = { call: () => (asked++, new Promise<never>(() => undefined)) };

    const headers = { host: new URL(url).host, cookie: ann.cookie, accept: 'text/html' };
    const visit = visitOf(new Request(`${url}/`, { headers }), edge);
    assert.equal([visit.person, visit.redirect], ['Ann', null]);
    const socket = await TestSocket.open(url, { cookie: ann.cookie, origin: url });
    if (typeof socket === 'number') throw new Error(`the socket was refused: ${socket}`);
    await ann.expect(202, 'POST', '/api/downloads', { url: 'http://127.0.0.1:9/mine' });
    await ann.expect(200, 'GET', '/api/downloads');
    await ann.expect(200, 'GET', '/api/devices');
    await ann.expect(201, 'POST', '/api/devices/link');
    assert.is(asked, 0);
    const { name, role, lists } = await ann.expect<AccountView>(200, 'GET', '/api/account');
    assert.equal([name, role, lists.length, lists[0]?.isCurrent], ['Ann', null, 1, true]);
    const other = new Person(url, ann.cookie);
    await ann.expect(204, 'POST', '/api/account/sign-out');
    await socket.closed;
    assert.is((await other.call('GET', '/api/downloads')).status, 401);
  } finally {
    await server.close();
  }
});

test.run();
