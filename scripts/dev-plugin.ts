/** In development Vite serves the page; this adds the same edge, sessions and engines as in production. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import type { Plugin, ViteDevServer } from 'vite';

const root = join(import.meta.dirname, '..');

/** Loads modules with Node, once: Vite would reload them and open the data dir a second time. */
function load<T>(path: string): Promise<T> {
  return import(pathToFileURL(join(root, path)).href) as Promise<T>;
}

export function sluiceDev(): Plugin {
  return { name: 'sluice-dev', apply: 'serve', configureServer: (vite) => attach(vite) };
}

async function attach(vite: ViteDevServer): Promise<void> {
  const server = vite.httpServer as Server | null;
  // `vite build` and `svelte-kit sync` create a server that never listens.
  if (!server) return;
  const { readConfig } = await load<typeof import('../src/server/config.ts')>('src/server/config.ts');
  const { createLogger } = await load<typeof import('../src/server/log.ts')>('src/server/log.ts');
  const { createSluice } = await load<typeof import('../src/server/sluice.ts')>('src/server/sluice.ts');
  const { edgeOf, openSockets } =
    await load<typeof import('../src/server/server.ts')>('src/server/server.ts');
  const { mountEdge } = await load<typeof import('../src/lib/channel/mount.ts')>('src/lib/channel/mount.ts');
  const front = await load<typeof import('../src/lib/channel/front.server.ts')>(
    'src/lib/channel/front.server.ts',
  );
  const { Admission } = await load<typeof import('../src/lib/channel/admission.ts')>(
    'src/lib/channel/admission.ts',
  );

  const config = readConfig(process.env, homedir(), root);
  const log = createLogger(config.logLevel, (line) => process.stderr.write(line));
  const sluice = await once(async () => {
    const made = await createSluice({ config, log });
    void made.resume();
    return made;
  });
  const admission = new Admission();
  let edge: ReturnType<typeof edgeOf> | null = null;
  let sockets: ReturnType<typeof openSockets> | null = null;
  server.once('listening', () => {
    edge = edgeOf(sluice, (server.address() as AddressInfo).port, log);
    sockets = openSockets(edge, sluice);
    mountEdge(edge);
  });
  vite.middlewares.use((request, response, next) => {
    if (edge !== null && front.handleRequest(request, response, edge, admission)) next();
  });
  // Vite has its own WebSocket for hot reload, on another path.
  server.on('upgrade', (request, socket, head) => {
    if (sockets) front.dispatchUpgrade(sockets.endpoints, request, socket, head);
  });
  server.once('close', () => void sockets?.close());
}

/** When its configuration changes, Vite starts a new server before it ends the old one: sessions are kept. */
async function once<T extends { close(): Promise<void> }>(make: () => Promise<T>): Promise<T> {
  const key = Symbol.for('sluice.dev');
  const made = Reflect.get(globalThis, key) as Promise<T> | undefined;
  if (made) return made;
  const making = make();
  Reflect.set(globalThis, key, making);
  closeBeforeExit(await making);
  return making;
}

/** Vite ends the process at the first signal: end the engines before. */
function closeBeforeExit(sluice: { close(): Promise<void> }): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.prependOnceListener(signal, () => void sluice.close().finally(() => process.exit(0)));
  }
}
