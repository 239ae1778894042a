/**
 * A network where every address of the internet, public or private, is this machine: whatever is dialled arrives at the
 * canary, which knows by the address that was dialled whether it should have been. Names are resolved by a server of ours.
 */
import { ownNetwork } from '../../../tests/support/own-network.ts';

/** Where the C library and c-ares find the name server. */
export const NAME_SERVER = '127.0.0.53';
/** Public by its number, but of a network that this machine has an address in. */
export const OWN_PUBLIC = '45.83.7.5';
/** A neighbour there. */
export const LINK_PUBLIC = '45.83.7.99';
/** Another name for the router, as in many households. */
export const HOSTS_NAME = 'router.attack.example';
export const HOSTS_ADDRESS = '192.168.1.1';

const SET_UP = [
  'PATH=$PATH:/usr/sbin:/sbin',
  'ip link set lo up',
  `ip addr add ${OWN_PUBLIC}/24 dev lo`,
  'ip route add local 0.0.0.0/0 dev lo',
  'ip -6 route add local ::/0 dev lo',
  'echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind',
  'mount --make-rprivate /',
  'made=$(mktemp -d)',
  `echo nameserver ${NAME_SERVER} > $made/resolv.conf`,
  `printf '127.0.0.1 localhost\\n::1 localhost\\n${HOSTS_ADDRESS} ${HOSTS_NAME}\\n' > $made/hosts`,
  'mount --bind $made/resolv.conf /etc/resolv.conf',
  'mount --bind $made/hosts /etc/hosts',
  'rm -r $made',
].join(' && ');

/** As `ownNetwork`, with mounts of its own. */
export function ownInternet(file: string): string | null {
  return ownNetwork(file, { setUp: SET_UP, mounts: true });
}
