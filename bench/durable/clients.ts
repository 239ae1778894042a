/**
 * A child process with many clients: each opens the channel with its own session's cookie, sends a message and waits for
 * the answer. argv: the port, and the message. Receives the tokens; `again` makes all of them send it once more.
 */
import { WebSocket } from 'ws';
import { SUBPROTOCOL } from '../../src/lib/protocol/channel.ts';

const [port = '', hello = ''] = process.argv.slice(2);
/** Connections that are opened at once. */
const BATCH = 100;
/** As long as a browser's, since the server may keep headers in memory. */
const AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const sockets: WebSocket[] = [];

function asks(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('message', () => {
      resolve();
    });
    socket.send(hello);
  });
}

function connects(token: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/channel`, SUBPROTOCOL, {
      perMessageDeflate: false,
      origin: `http://127.0.0.1:${port}`,
      headers: { cookie: `sluice_session=${token}`, 'user-agent': AGENT },
    });
    sockets.push(socket);
    socket.on('error', reject);
    socket.on('open', () => {
      void asks(socket).then(resolve);
    });
  });
}

process.on('message', (message: string[] | 'again') => {
  void answer(message).then(() => process.send?.('all heard'));
});

async function answer(message: string[] | 'again'): Promise<void> {
  if (message === 'again') {
    await Promise.all(sockets.map(asks));
    return;
  }
  for (let at = 0; at < message.length; at += BATCH)
    await Promise.all(message.slice(at, at + BATCH).map(connects));
}
process.send?.('ready');
