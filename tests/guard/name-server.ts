/** A DNS server on loopback (RFC 1035), of which a test says what it knows. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import ipaddr from 'ipaddr.js';

/**
 * Addresses of a name, or of a type and a name (`AAAA a.example`); 'silent' = it never answers. What it does not know has
 * no such name.
 */
export type Zone = Record<string, readonly string[] | 'silent'>;

export interface NameServer {
  /** `127.0.0.1:port`. */
  address: string;
  /** Names in the order in which they were asked for, once for each type. */
  asked: string[];
  close(): Promise<void>;
}

const TYPE_A = 1;
const TYPE_AAAA = 28;
const NAME_ERROR = 3;

export async function startNameServer(zone: Zone): Promise<NameServer> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (query, { port, address }) => {
    const { name, end } = nameIn(query, 12);
    asked.push(name);
    const type = query.readUInt16BE(end);
    const known = zone[`${type === TYPE_AAAA ? 'AAAA' : 'A'} ${name}`] ?? zone[name];
    if (known === 'silent') return;
    const records = (known ?? []).map((each) => Buffer.from(ipaddr.parse(each).toByteArray()));
    const answers = records.filter(({ length }) => length === (type === TYPE_AAAA ? 16 : 4));
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    // A response that offers recursion.
    head.writeUInt16BE(0x8180 | (known === undefined ? NAME_ERROR : 0), 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(type === TYPE_A || type === TYPE_AAAA ? answers.length : 0, 6);
    const resources = answers.flatMap((bytes) => [resourceHead(type, bytes.length), bytes]);
    socket.send(Buffer.concat([head, query.subarray(12, end + 4), ...resources]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** Of the name in the question, 60 seconds to live. */
function resourceHead(type: number, length: number): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(length, 10);
  return head;
}

function nameIn(message: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let at = start;
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}
