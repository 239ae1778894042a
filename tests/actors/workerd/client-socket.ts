/** A client of a real socket to workerd, which records all messages. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { settles } from '../../support/wait.ts';
import type { ContractSocket } from '../durable/contract.ts';

export async function openSocket(url: string, onMessage?: (text: string) => void): Promise<ContractSocket> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'));
  const received: string[] = [];
  let closed: ContractSocket['closed'] = null;
  socket.on('message', (data: Buffer) => {
    received.push(data.toString());
    onMessage?.(data.toString());
  });
  socket.on('close', (code, reason) => (closed = { code, reason: reason.toString() }));
  // Followed by `close`, with 1006.
  socket.on('error', () => undefined);
  await settles(once(socket, 'open'), { what: 'the socket to open' });
  return {
    received,
    get closed() {
      return closed;
    },
    send: (message) => {
      socket.send(message);
    },
    close: (code, reason) => {
      socket.close(code, reason);
    },
  };
}
