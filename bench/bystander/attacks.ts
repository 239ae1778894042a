/** Each attack is a loop without a pause, of which several run at once. They end with their process. */
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { Stranger } from '../../tests/edge/stranger.ts';

export interface Target {
  url: string;
  /** Of this visitor. */
  address: string;
  /** A server with files and pages that take forever. */
  origin: string;
}

export type Attack = (target: Target) => Promise<void>;

interface Named {
  attack: Attack;
  /** Loops at once. */
  loops: number;
}

/** It gets the questions of the server, and never answers. */
export const NAME_SERVER = '198.18.3.53';

export const ATTACKS: Record<string, Named> = {
  'new sessions': { loops: 32, attack: (target) => forever(() => post(target, '/api/sessions')) },
  sockets: { loops: 32, attack: withToken((target, token) => forever(() => openSocket(target, token))) },
  'junk frames': { loops: 16, attack: withToken(sendJunk) },
  'big adds': { loops: 16, attack: withToken(sendBigAdds) },
  'slow heads': { loops: 64, attack: (target) => forever(() => slowHead(target)) },
  'dripping files': { loops: 8, attack: withToken(dripFiles) },
  'announced sizes': { loops: 8, attack: withToken(announce) },
  'silent names': { loops: 32, attack: withToken(askForSilentNames) },
  'slow pages': { loops: 64, attack: withToken(slowPages) },
};

async function forever(step: () => Promise<unknown>): Promise<void> {
  for (;;) {
    await step().catch(() => undefined);
    // What is refused at once would otherwise keep this loop from everything else.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** One session for each loop, or what it got before it was refused. */
function withToken(attack: (target: Target, token: string) => Promise<void>): Attack {
  return async (target) => {
    const token = await new Stranger(target.url, target.address).session();
    await attack(target, token ?? '');
  };
}

/** A request on a connection of its own, as cheap as can be. */
function post({ url, address }: Target, path: string): Promise<void> {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), localAddress: address });
  socket.write(`POST ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  return new Promise((resolve) => {
    socket.once('data', () => socket.resetAndDestroy());
    socket.once('error', () => undefined).once('close', () => resolve());
  });
}

/** Left open. */
async function openSocket({ url, address }: Target, token: string): Promise<void> {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/api/channel`, 'sluice.v1', {
    localAddress: address,
    headers: { authorization: `Bearer ${token}` },
  });
  ws.on('open', () => ws.send('{"type":"hello"}'));
  await new Promise<void>((resolve) => {
    ws.once('message', () => resolve())
      .once('error', () => resolve())
      .once('close', () => resolve());
  });
}

async function sendJunk({ url, address }: Target, token: string): Promise<void> {
  const junk = JSON.stringify({ type: 'command', id: 'x', name: 'pause', downloadId: 'x'.repeat(60_000) });
  await forever(async () => {
    const ws = new WebSocket(`${url.replace('http', 'ws')}/api/channel`, 'sluice.v1', {
      localAddress: address,
      headers: { authorization: `Bearer ${token}` },
    });
    ws.on('error', () => undefined);
    await new Promise<void>((resolve) => ws.once('open', () => resolve()).once('close', () => resolve()));
    ws.send('{"type":"hello"}');
    while (ws.readyState === ws.OPEN) await new Promise((resolve) => ws.send(junk, resolve));
  });
}

async function sendBigAdds({ url, address, origin }: Target, token: string): Promise<void> {
  const visitor = new Stranger(url, address);
  const long = `${origin}/${'x'.repeat(8_000)}`;
  await forever(() => visitor.add(token, long, { filename: 'f'.repeat(1_000) }));
}

/** Left open, as long as the server keeps it. */
async function slowHead({ url, address }: Target): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), localAddress: address });
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    socket.once('connect', () => socket.write('GET / HTTP/1.1\r\nhost:', () => resolve()));
    socket.once('close', () => resolve());
  });
}

async function dripFiles({ url, address, origin }: Target, token: string): Promise<void> {
  const visitor = new Stranger(url, address);
  for (let n = 0; n < 20; n++) await visitor.add(token, `${origin}/drip/${n}`);
}

async function announce({ url, address, origin }: Target, token: string): Promise<void> {
  const visitor = new Stranger(url, address);
  for (let n = 0; n < 20; n++) await visitor.add(token, `${origin}/huge/${n}`);
}

/** Look-ups and downloads, each of another name. */
async function askForSilentNames({ url, address }: Target, token: string): Promise<void> {
  const visitor = new Stranger(url, address);
  const headers = { authorization: `Bearer ${token}` };
  let n = 0;
  const name = (): string => `http://n${n++}-${token.slice(-6).toLowerCase().replace(/\W/g, '0')}.test/`;
  // More than a session runs at a time, so that it goes from one to the next.
  for (let added = 0; added < 20; added++) await visitor.add(token, name());
  await forever(() => visitor.ask('POST', '/api/parse', headers, JSON.stringify({ url: name() })));
}

async function slowPages({ url, address, origin }: Target, token: string): Promise<void> {
  const visitor = new Stranger(url, address);
  const headers = { authorization: `Bearer ${token}` };
  await forever(() => visitor.ask('POST', '/api/parse', headers, JSON.stringify({ url: `${origin}/page` })));
}
