/** A directory that does not answer: who has signed in notices nothing, and only who signs in waits. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Admission } from '#lib/channel/admission.ts';
import { dispatchUpgrade, handleRequest } from '#lib/channel/front.server.ts';
import { visitOf } from '#lib/channel/people/page-visit.ts';
import type { AccountView } from '#lib/protocol/people.ts';
import { readConfig } from '../../src/server/config.ts';
import { firstLink } from '../../src/server/people.ts';
import { edgeOf, openSockets } from '../../src/server/server.ts';
import { createSluice } from '../../src/server/sluice.ts';
import { TestSocket } from '../edge/ask.ts';
import { accept, Person } from '../support/people.ts';
import { makePlace, sluiceEnv } from '../support/server.ts';

const silent = { error() {}, warn() {}, info() {}, debug() {} };

test('pages load, the channel connects and downloads are added while the directory is stopped', async () => {
  const place = makePlace();
  const env = sluiceEnv(place, { SLUICE_AUTH: 'password', SLUICE_ENGINES: 'http' });
  const sluice = await createSluice({ config: readConfig(env, place.home, place.dir), log: silent });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const edge = edgeOf(sluice, port, silent);
  const sockets = openSockets(edge, sluice);
  const admission = new Admission();
  server.on('request', (request, response) => void handleRequest(request, response, edge, admission));
  server.on(
    'upgrade',
    (request, socket, head) => void dispatchUpgrade(sockets.endpoints, request, socket, head),
  );
  const url = `http://127.0.0.1:${port}`;
  try {
    const ann = await accept(url, (await firstLink(edge)) ?? '', 'Ann');
    let asked = 0;
    edge.people.directory = { call: () => (asked++, new Promise<never>(() => undefined)) };

    const headers = { host: `127.0.0.1:${port}`, cookie: ann.cookie, accept: 'text/html' };
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
    await sockets.close();
    await sluice.close();
    server.closeAllConnections();
    server.close();
    place.remove();
  }
});

test.run();
