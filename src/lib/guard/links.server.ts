/** The networks that this machine has addresses in: who is there is no stranger on the internet, whatever its address. */
import { networkInterfaces } from 'node:os';
import { parseAddress } from './address.ts';
import type { Network } from './policy.ts';

/** Reading them takes 0.3 ms; a network that comes up is known after this. */
const MAX_AGE_MS = 5000;

type Interfaces = ReturnType<typeof networkInterfaces>;

/** @param now ms, monotonic @returns gives the networks of all interfaces, not older than 5 s */
export function createLinks(
  read: () => Interfaces = networkInterfaces,
  now: () => number = () => performance.now(),
): () => readonly Network[] {
  let networks: Network[] = [];
  let readAt = -Infinity;
  return () => {
    if (now() - readAt >= MAX_AGE_MS) {
      networks = networksOf(read());
      readAt = now();
    }
    return networks;
  };
}

function networksOf(interfaces: Interfaces): Network[] {
  return Object.values(interfaces).flatMap((each = []) =>
    each.flatMap(({ address, cidr }) => {
      const base = parseAddress(address);
      if (base === null) return [];
      const all = base.kind() === 'ipv4' ? 32 : 128;
      const bits = Number(cidr?.split('/')[1] ?? all);
      // Some tunnels give their interface the whole internet for a link: then only the address is ours.
      return [{ base, prefixBits: bits === 0 ? all : bits }];
    }),
  );
}
