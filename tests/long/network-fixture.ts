/**
 * A server in a network namespace of its own, whose only way out is one link to this machine, and a site at two
 * addresses on this end of it. The link can be taken away; the API is reached by another way. Needs root and Linux.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Api } from '../support/api.ts';
import { makePlace, startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait.ts';
import { type FileState, serveFile } from '../site/file-route.ts';

/** Of TEST-NET-2 (RFC 5737): nobody's. Eight addresses for each run: one that was killed has left its link here. */
const SUBNET = 8 * (1 + (process.pid % 30));
const SITE = [`198.51.100.${SUBNET + 1}`, `198.51.100.${SUBNET + 2}`] as const;
const SERVER = `198.51.100.${SUBNET + 3}`;

/** Why this machine cannot; null = it can. */
export const networkMissing =
  process.platform !== 'linux' ||
  process.getuid?.() !== 0 ||
  !existsSync('/usr/sbin/ip') ||
  !canHaveNamespace()
    ? 'network namespaces need root and iproute2: sudo npm run test:long -- network-outage'
    : null;

function canHaveNamespace(): boolean {
  try {
    execFileSync('unshare', ['-n', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Runs in the namespace: what comes to a socket in the file system goes to the server's port. */
const RELAY = `
const net = require('node:net');
const [path, port] = process.argv.slice(1);
net.createServer((a) => {
  const b = net.connect(Number(port), '127.0.0.1');
  for (const [x, y] of [[a, b], [b, a]]) x.on('error', () => y.destroy()).on('close', () => y.destroy()).pipe(y);
}).listen(path, () => console.log('ready'));`;

export interface NetworkFixture {
  server: TestServer;
  api: Api;
  /** Base addresses of the site: the same files at two hosts. */
  sites: readonly [string, string];
  /** Connections that the site has had. */
  readonly connections: number;
  /** `unplugged`: the machine knows it, and has no route. `silent`: packets are lost on the way. */
  lose(how: 'unplugged' | 'silent'): void;
  restore(): void;
  close(): Promise<void>;
}

export async function openNetwork(env: Record<string, string> = {}): Promise<NetworkFixture> {
  const undo: (() => unknown)[] = [];
  try {
    return await open(env, undo);
  } catch (thrown) {
    await endAll(undo).catch(() => undefined);
    throw thrown;
  }
}

/** The last one first. */
async function endAll(undo: (() => unknown)[]): Promise<void> {
  for (const end of undo.splice(0).reverse()) await end();
}

/** @param undo gets what ends each thing that was begun */
async function open(env: Record<string, string>, undo: (() => unknown)[]): Promise<NetworkFixture> {
  const ns = `sluice-${process.pid}`;
  const ends = { here: `slh${process.pid}`, there: `sln${process.pid}` };
  const ip = (...args: string[]): void =>
    void execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  ip('netns', 'add', ns);
  undo.push(() => ip('netns', 'del', ns));
  ip('link', 'add', ends.here, 'type', 'veth', 'peer', 'name', ends.there, 'netns', ns);
  for (const address of SITE) ip('addr', 'add', `${address}/29`, 'dev', ends.here);
  ip('link', 'set', ends.here, 'up');
  const raise = (): void => {
    ip('-n', ns, 'link', 'set', 'lo', 'up');
    ip('-n', ns, 'link', 'set', ends.there, 'up');
    ip('-n', ns, 'addr', 'replace', `${SERVER}/29`, 'dev', ends.there);
  };
  raise();

  const files: FileState = { seeds: new Map(), asked: new Map(), unthrottled: new Set() };
  const site = createHttpServer((req, res) => {
    const url = new URL(req.url ?? '/', 'http://x');
    if (!url.pathname.endsWith('.m3u8')) return void serveFile(req, res, url, files);
    // Of a stream of four fragments, which are files: their parameters are the playlist's.
    const name = /[^/]+(?=\.m3u8$)/.exec(url.pathname)?.[0] ?? '';
    const fragments = [0, 1, 2, 3].map(
      (n) => `#EXTINF:4,\n/file/${name}-${n}.ts${url.search}&type=video/mp2t`,
    );
    res.writeHead(200, { 'content-type': 'application/vnd.apple.mpegurl' });
    res.end(['#EXTM3U', '#EXT-X-TARGETDURATION:4', ...fragments, '#EXT-X-ENDLIST', ''].join('\n'));
  });
  let connections = 0;
  site.on('connection', () => connections++);
  await new Promise<void>((resolve) => site.listen(0, '0.0.0.0', resolve));
  undo.push(() => {
    site.closeAllConnections();
    site.close();
  });
  const { port } = site.address() as { port: number };

  const place = makePlace();
  undo.push(() => place.remove());
  const server = await startServer({
    place,
    under: ['ip', 'netns', 'exec', ns],
    env: { SLUICE_ALLOW_PRIVATE: SITE.join(','), ...env },
  });
  undo.push(() => server.stop().catch(() => undefined));
  const path = join(place.dir, 'relay');
  const relay = spawn('ip', ['netns', 'exec', ns, process.execPath, '-e', RELAY, path, String(server.port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  undo.push(() => relay.kill('SIGKILL'));
  let said = '';
  relay.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await waitFor(() => said.includes('ready'), { what: 'the relay' });
  const entrance = await relayTo(path, server.port);
  undo.push(() => entrance.close());

  return {
    server,
    api: await Api.create(server.url),
    sites: [`http://${SITE[0]}:${port}`, `http://${SITE[1]}:${port}`],
    get connections() {
      return connections;
    },
    lose(how) {
      if (how === 'unplugged') ip('-n', ns, 'link', 'set', ends.there, 'down');
      else ip('link', 'set', ends.here, 'down');
    },
    restore() {
      ip('link', 'set', ends.here, 'up');
      raise();
    },
    close: () => endAll(undo),
  };
}

/** The server's own port on this side, so that its Host check holds. */
async function relayTo(path: string, port: number): Promise<Server> {
  const entrance = createServer((socket) => {
    const other = connect(path);
    const pairs: [Socket, Socket][] = [
      [socket, other],
      [other, socket],
    ];
    for (const [from, to] of pairs) {
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve, reject) => {
    entrance.once('error', reject);
    entrance.listen(port, '127.0.0.1', resolve);
  });
  return entrance;
}
