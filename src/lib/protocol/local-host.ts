/**
 * Hosts that need no route to the internet: of this machine, or of its own network. Whether they can be reached says nothing
 * of others, and the other way round. A name is local where it can be no other: RFC 6761, 6762, 8375, and names of one label.
 */

/** @param host as `URL.hostname` spells it, or an address */
export function isLocalHost(host: string): boolean {
  const name = host
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  if (name.includes(':')) return isLocalV6(name);
  if (/^[\d.]+$/.test(name)) return isLocalV4(name.split('.').map(Number));
  return !name.includes('.') || /\.(localhost|local|lan|home\.arpa|internal)$/.test(name);
}

function isLocalV4([a = 0, b = 0]: number[]): boolean {
  return (
    a === 10 ||
    a === 127 ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 169 && b === 254)
  );
}

/** Loopback, unique local, link-local, and an IPv4 address that is one of the above. */
function isLocalV6(address: string): boolean {
  const mapped = /^::ffff:([\da-f]{1,4}):[\da-f]{1,4}$/.exec(address)?.[1];
  if (mapped !== undefined) return isLocalV4([parseInt(mapped, 16) >> 8, parseInt(mapped, 16) & 255]);
  return address === '::1' || /^f[cd]/.test(address) || /^fe[89ab]/.test(address);
}
