/**
 * A child process with the attackers, and the origin that they name. argv: the server's address, the name of the attack, the
 * addresses that it comes from. It attacks until it is killed.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ATTACKS, NAME_SERVER } from './attacks.ts';

const [url = '', name = '', ...addresses] = process.argv.slice(2);
const { attack, loops } = ATTACKS[name]!;

/** Of everything a byte a second, so that nothing stalls. */
const origin = createServer((request, response) => {
  const isPage = request.url === '/page';
  const isHuge = request.url?.startsWith('/huge/') === true;
  response.writeHead(200, {
    'content-type': isPage ? 'text/html' : 'video/mp4',
    'content-length': isHuge ? '900000000000' : '10000000',
    'accept-ranges': 'bytes',
    etag: '"1"',
  });
  const drip = setInterval(() => response.write(' '), 1_000);
  response.on('close', () => clearInterval(drip));
});
await new Promise<void>((resolve) => origin.listen(0, addresses[0], resolve));
if (name === 'silent names') createSocket('udp4').bind(53, NAME_SERVER);
const target = { url, origin: `http://${addresses[0]}:${(origin.address() as AddressInfo).port}` };
process.on('disconnect', () => process.exit());
for (const address of addresses) {
  for (let n = 0; n < loops; n++) void attack({ ...target, address }).catch(() => undefined);
}
process.send?.('attacking');
