/**
 * Which addresses must not be reached. On purpose not the product's own judgement: the registries of IANA
 * (iana-ipv4-special-registry, iana-ipv6-special-registry), all IPv6 that is not assigned (RFC 4291, section 2.4),
 * and the host of virtual machines in Azure.
 */
import { BlockList, isIPv6 } from 'node:net';
import { OWN_PUBLIC } from './internet.ts';

const V4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15'],
  ...[
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
    '168.63.129.16/32',
    `${OWN_PUBLIC}/24`,
  ],
];
const V6 = [...['::/3', '4000::/2', '8000::/1', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']];

/** One list each: `BlockList` takes IPv4 for a part of `::/3`. */
function listOf(ranges: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [base = '', bits] = range.split('/');
    list.addSubnet(base, Number(bits), family);
  }
  return list;
}

const refusedV4 = listOf(V4, 'ipv4');
const refusedV6 = listOf(V6, 'ipv6');

/** @param address of a socket's local end: IPv4 also in the form of IPv6 */
export function mustNotBeReached(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  return isIPv6(plain) ? refusedV6.check(plain, 'ipv6') : refusedV4.check(plain, 'ipv4');
}
