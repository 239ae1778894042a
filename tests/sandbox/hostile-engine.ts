/** The machine that a hostile engine finds: things worth having, each with a way to notice that it was had. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { missing } from '../support/tools.ts';

export const HOSTILE = join(import.meta.dirname, 'hostile.py');
/** Not a shim, which would be outside of the sandbox. */
export const PYTHON = '/usr/bin/python3';
export const pythonMissing = missing('python3');

export interface Prey {
  /** What the engine reads. */
  file: string;
  /** In the argv of what it leaves behind. */
  name: string;
  /** Connections and datagrams that arrived. */
  reached: string[];
  close(): Promise<void>;
}

async function canary(reached: string[], where: string, host: string | { path: string }): Promise<Server> {
  const server = createServer((socket) => {
    reached.push(where);
    socket.on('error', () => undefined);
    socket.resume().end('canary');
  });
  if (typeof host === 'string') server.listen(0, host);
  else server.listen(host.path);
  await once(server, 'listening');
  return server;
}

/**
 * @param dir of the server: its data folder, beside which the engine's own folder may be
 * @param isContained whether the system's own folders may be tried: where nothing contains the engine it would write there
 */
export async function layOut(dir: string, isContained: boolean): Promise<Prey> {
  const name = `hostile-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const dataDir = join(dir, 'data');
  await mkdir(dataDir);
  const secrets = ['token-key', 'sluice.db'].map((each) => join(dataDir, each));
  for (const path of secrets) await writeFile(path, 'a secret of the server');
  const reached: string[] = [];
  const tcp = await canary(reached, 'tcp', '0.0.0.0');
  const tcp6 = await canary(reached, 'tcp6', '::1').catch(() => null);
  const file = await canary(reached, 'socket file', { path: join(dir, 'canary') });
  const abstract = await canary(reached, 'abstract', { path: `\0${name}` });
  const udp = createSocket('udp4', (_, { port, address }) => {
    reached.push('udp');
    udp.send('canary', port, address);
  });
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const prey = {
    name,
    pid: process.pid,
    uid: process.getuid?.(),
    secrets: [...secrets, '/etc/shadow', join(process.env['HOME'] ?? '/root', '.profile')],
    // Of the same user; those of the system are readable too. Nothing about them is changed.
    theirs: [...secrets, ...(isContained ? ['/usr/bin/env', '/usr'] : [])],
    outside: [
      ...[join(dataDir, 'token-key'), join(dir, 'planted')],
      ...(isContained ? ['/usr/planted', '/etc/planted', '/planted'] : []),
    ],
    tcp: ['127.0.0.1', port],
    tcp6: ['::1', tcp6 === null ? 1 : (tcp6.address() as AddressInfo).port],
    own: own.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address),
    udp: ['127.0.0.1', udp.address().port],
    abstract: name,
    socketFile: join(dir, 'canary'),
  };
  const path = join(dir, 'prey.json');
  await writeFile(path, JSON.stringify(prey));
  return {
    ...{ file: path, name, reached },
    close: async () => {
      udp.close();
      for (const each of [tcp, tcp6, file, abstract]) {
        each?.close();
        if (each !== null) await once(each, 'close');
      }
    },
  };
}

/** Processes with this word in their argv, zombies not counted. */
export function namedProcesses(word: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(word);
      } catch {
        return false;
      }
    });
}

export const textOf = (path: string): Promise<string> => readFile(path, 'utf8');
