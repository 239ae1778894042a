/** The edge of a server in the test's own process, without the page: its sources can be changed and its parts replaced. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Admission } from '#lib/channel/admission.ts';
import type { Edge } from '#lib/channel/edge.ts';
import { dispatchUpgrade, handleRequest, refuse } from '#lib/channel/front.server.ts';
import { readConfig } from '../../src/server/config.ts';
import { edgeOf, openSockets } from '../../src/server/server.ts';
import { createSluice, type Sluice } from '../../src/server/sluice.ts';
import { makePlace, sluiceEnv } from './server.ts';

const silent = { error() {}, warn() {}, info() {}, debug() {} };

export interface EdgeInProcess {
  url: string;
  edge: Edge;
  sluice: Sluice;
  close(): Promise<void>;
}

export async function startEdge(more: Record<string, string> = {}): Promise<EdgeInProcess> {
  const place = makePlace();
  const env = sluiceEnv(place, { SLUICE_AUTH: 'password', SLUICE_ENGINES: 'http', ...more });
  const sluice = await createSluice({ config: readConfig(env, place.home, place.dir), log: silent });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const edge = edgeOf(sluice, port, silent);
  const sockets = openSockets(edge, sluice);
  const admission = new Admission();
  server.on('request', (request, response) => {
    if (handleRequest(request, response, edge, admission))
      refuse(response, new Error('there is no page here'));
  });
  server.on(
    'upgrade',
    (request, socket, head) => void dispatchUpgrade(sockets.endpoints, request, socket, head),
  );
  return {
    url: `http://127.0.0.1:${port}`,
    edge,
    sluice,
    async close() {
      await sockets.close();
      await sluice.close();
      server.closeAllConnections();
      server.close();
      place.remove();
    },
  };
}
