/** How a private address can be written, or be hidden behind a name. */
import type { Zone } from '../../../tests/guard/name-server.ts';
import { HOSTS_NAME, LINK_PUBLIC, OWN_PUBLIC } from '../world/internet.ts';
import { SITE, SITE_V4 } from '../scene.ts';

export interface Form {
  name: string;
  /** What stands between `http://` and the path. */
  authority: string;
}

const PRIVATE_V4 = [
  ...['127.0.0.1', '127.9.9.9', '10.0.0.7', '172.16.0.1', '172.31.255.1', '192.168.1.1', '169.254.169.254'],
  ...[
    '100.64.0.1',
    '0.0.0.0',
    '0.1.2.3',
    '192.0.0.8',
    '192.0.2.1',
    '198.18.0.9',
    '198.51.100.3',
    '203.0.113.7',
  ],
  ...['192.88.99.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', '168.63.129.16', OWN_PUBLIC, LINK_PUBLIC],
];

const PRIVATE_V6 = [
  ...['::1', '::', '0:0:0:0:0:0:0:1', 'fc00::1', 'fd12:3456::1', 'fe80::1', 'febf::1', 'fec0::1', 'ff02::1'],
  ...['::ffff:127.0.0.1', '::ffff:7f00:1', '::FFFF:10.0.0.7', '0:0:0:0:0:ffff:a9fe:a9fe', '::127.0.0.1'],
  ...['::7f00:1', '::ffff:0:127.0.0.1', '64:ff9b::7f00:1', '64:ff9b::10.0.0.7', '64:ff9b:1::a00:7'],
  ...['2002:7f00:1::', '2002:a00:7::1', '2001::1', '2001:0:4136:e378:8000:63bf:80ff:fffe', '2001:db8::1'],
  ...['100::1', '3fff::1', '4000::1', '5f00::1', 'fe80::5efe:127.0.0.1', `::ffff:${OWN_PUBLIC}`],
];

/** Spellings of 127.0.0.1 and 10.0.0.7 that the URL standard, or some C library, takes for the same. */
const SPELLINGS = [
  ...['2130706433', '0x7f000001', '0X7F.0x0.0x0.0x1', '0177.0.0.1', '017700000001', '127.1', '127.0.1'],
  ...['0x7f.1', '127.0.0.1.', '00000177.0.0.1', '167772167', '0xa000007', '012.0.0.7', '10.7', '0x0a.0x7'],
  ...['１２７.０.０.１', '127。0。0。1', '①②⑦.⓪.⓪.①', '%31%32%37.0.0.1', '127%2e0%2e0%2e1', '0x7f%2e1'],
  ...[
    '⑩.0.0.7',
    '0',
    '0x0',
    '00',
    '0.0',
    '[::ffff:0x7f.1]',
    '[::1%25lo]',
    '[0000::0001]',
    '[::ffff:7f00:0001]',
  ],
];

const NAMES = [
  ...[
    'localhost',
    'LOCALHOST',
    'localhost.',
    'a.localhost',
    'ｌｏｃａｌｈｏｓｔ',
    'loc%61lhost',
    'localho\u00adst',
  ],
  ...[HOSTS_NAME, HOSTS_NAME.toUpperCase(), `${HOSTS_NAME}.`],
];

/** With a good host in front, where another parser may find it. */
const CONFUSED = [
  ...[`${SITE}@127.0.0.1`, `127.0.0.1\\@${SITE}`, `${SITE}%40127.0.0.1`, `127.0.0.1#@${SITE}`],
  ...[
    `127.0.0.1:80@${SITE}`,
    `127.0.0.1?@${SITE}`,
    `[::1]:80`,
    `10.0.0.7:8080`,
    `127.0.0.1:22`,
    '10.0.0.7:6379',
  ],
  ...[
    '127.0.0.1:00080',
    '10.0.0.7:',
    `127.0.0.1%00.${SITE}`,
    `127.0.0.1\t`,
    `10.0.0.7%09`,
    `\u00a0127.0.0.1`,
  ],
];

/** Names of a server of theirs, with what it says. */
const RESOLVED: Record<string, Zone[string]> = {
  loopback: ['127.0.0.1'],
  lan: ['10.0.0.7'],
  cloud: ['169.254.169.254'],
  own: [OWN_PUBLIC],
  'ipv6-loopback': ['::1'],
  'ipv6-local': ['fd12::7'],
  mapped: ['::ffff:10.0.0.7'],
  nat64: ['64:ff9b::a00:7'],
  'six-to-four': ['2002:a00:7::1'],
  'alias-localhost': ['localhost', '127.0.0.1'],
  'alias-lan': ['nas.lan', '192.168.1.9'],
  'alias-v6': [`inner.${SITE}`, '::1'],
  'two-of-them': ['10.0.0.7', '192.168.1.1'],
  // One of each is dialled at the one that is public, if at all.
  'one-of-each': ['10.0.0.7', SITE_V4],
  'each-family': [SITE_V4, 'fd12::7'],
  'other-each-family': ['2606:2800:21f:cb07::14', '10.0.0.7'],
  'rebinds-at-once': (before) => [before % 2 === 0 ? SITE_V4 : '10.0.0.7'],
  'rebinds-later': (before) => [before < 2 ? SITE_V4 : '127.0.0.1'],
  'rebinds-back': (before) => [before % 2 === 0 ? '127.0.0.1' : SITE_V4],
  'rebinds-to-six': (before) => (before % 2 === 0 ? [SITE_V4] : ['::1']),
};

/** `{name}` of the resolved ones is another in each job, so that none is known already. */
export const FORMS: readonly Form[] = [
  ...[...PRIVATE_V4, ...SPELLINGS, ...NAMES, ...CONFUSED].map((authority) => ({
    name: authority,
    authority,
  })),
  ...PRIVATE_V6.map((address) => ({ name: address, authority: `[${address}]` })),
  ...Object.keys(RESOLVED).map((name) => ({ name: `name: ${name}`, authority: `{name}.${name}.${SITE}` })),
];

/** The private address of a form as a job names it. */
export function targetOf({ authority }: Form, job: string, zone: Zone): string {
  const host = authority.replace('{name}', job);
  const [, behaviour = ''] = authority.split('.');
  const known = RESOLVED[behaviour];
  if (authority.startsWith('{name}') && known !== undefined) zone[host] = known;
  return `http://${host}`;
}
