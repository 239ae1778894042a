/**
 * A child process with one client that requests and never reads. argv: the server's address, a token. It adds downloads until
 * the session's snapshot has its full size, then requests it again and again with its socket paused: 200 MB a
 * minute that nobody reads. Sends how it was closed, if it was.
 */
import { WebSocket } from 'ws';
import { SUBPROTOCOL } from '../../src/lib/protocol/channel.ts';

const [url = '', token = '', download = ''] = process.argv.slice(2);
const ADDS = 100;
const EVERY_MS = 5;

const socket = new WebSocket(`${url.replace('http', 'ws')}/api/channel`, SUBPROTOCOL, {
  headers: { authorization: `Bearer ${token}` },
  perMessageDeflate: false,
});
let acknowledged = 0;
socket.on('message', (data: Buffer) => {
  if (!data.toString().includes('"ack"') || ++acknowledged < ADDS) return;
  socket.pause();
  process.send?.('asking');
  setInterval(() => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ type: 'hello' }));
  }, EVERY_MS);
});
socket.on('open', () => {
  socket.send(JSON.stringify({ type: 'hello' }));
  for (let number = 0; number < ADDS; number++) {
    const add = { type: 'command', id: `a${number}`, name: 'add', url: download, engine: 'http' };
    socket.send(JSON.stringify(add));
  }
});
socket.on('error', () => undefined);
process.on('disconnect', () => process.exit());
