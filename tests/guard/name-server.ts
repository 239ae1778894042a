/** A DNS server on loopback (RFC 1035), of which a test says what it knows. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import ipaddr from 'ipaddr.js';

/**
 * Addresses of a name, before which there may be another name: then it is an alias (CNAME) of that. 'silent' = it never
 * answers. A function is called for each question, with how many of this type came before.
 */
export type Known = readonly string[] | 'silent' | ((before: number) => readonly string[] | 'silent');

/** By name, or by type and name (`AAAA a.example`). What it does not know has no such name. */
export type Zone = Record<string, Known>;

export interface NameServer {
  /** `127.0.0.1:port`. */
  address: string;
  /** Names in the order in which they were asked for, once for each type. */
  asked: string[];
  close(): Promise<void>;
}

const TYPE_A = 1;
const TYPE_CNAME = 5;
const TYPE_AAAA = 28;
const NAME_ERROR = 3;
/** The name in the question. */
const ASKED = Buffer.from([0xc0, 0x0c]);

export async function startNameServer(
  zone: Zone,
  { host = '127.0.0.1', port: at = 0 } = {},
): Promise<NameServer> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  const counts = new Map<string, number>();
  socket.on('message', (query, { port, address }) => {
    const { name, end } = nameIn(query, 12);
    asked.push(name);
    const type = query.readUInt16BE(end);
    const key = `${type === TYPE_AAAA ? 'AAAA' : 'A'} ${name}`;
    const before = counts.get(key) ?? 0;
    counts.set(key, before + 1);
    const found = zone[key] ?? zone[name];
    const known = typeof found === 'function' ? found(before) : found;
    if (known === 'silent') return;
    const isAsked = type === TYPE_A || type === TYPE_AAAA;
    const records = isAsked ? recordsOf(known ?? [], type) : [];
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    // A response that offers recursion.
    head.writeUInt16BE(0x8180 | (known === undefined ? NAME_ERROR : 0), 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(records.length, 6);
    socket.send(Buffer.concat([head, query.subarray(12, end + 4), ...records]), port, address);
  });
  socket.bind(at, host);
  await once(socket, 'listening');
  return {
    address: `${host}:${socket.address().port}`,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function recordsOf(known: readonly string[], type: number): Buffer[] {
  const [first = ''] = known;
  const alias = first === '' || ipaddr.isValid(first) ? null : encodeName(first);
  const addresses = (alias === null ? known : known.slice(1))
    .map((each) => Buffer.from(ipaddr.parse(each).toByteArray()))
    .filter(({ length }) => length === (type === TYPE_AAAA ? 16 : 4))
    .map((bytes) => resource(alias ?? ASKED, type, bytes));
  return alias === null ? addresses : [resource(ASKED, TYPE_CNAME, alias), ...addresses];
}

/** Nobody may keep it: the next question may get another answer. */
function resource(name: Buffer, type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(0, 4);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([name, head, data]);
}

function encodeName(name: string): Buffer {
  const labels = name
    .split('.')
    .map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1'));
  return Buffer.concat([...labels, Buffer.alloc(1)]);
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
