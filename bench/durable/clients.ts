/** Many clients in one process: each connects, says hello and waits for the answer. argv: port, how many, the words. */
import { WebSocket } from 'ws';

const [port = '', count = '0', hello = 'hello'] = process.argv.slice(2);

function client(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    socket.on('open', () => {
      socket.send(hello);
    });
    socket.on('message', () => {
      resolve();
    });
    socket.on('error', reject);
  });
}

for (let left = Number(count); left > 0; left -= 100) {
  await Promise.all(Array.from({ length: Math.min(left, 100) }, client));
}
process.send?.('all heard');
