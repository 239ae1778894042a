/** Addresses that are remembered of each kind: a playlist may have a new key and a new file for each of its fragments. */
const MAX_REMEMBERED = 64;

/** Bounds what is remembered of addresses. */
export function dropOldest(remembered: Map<string, unknown> | Set<string>): void {
  const [oldest] = remembered.keys();
  if (remembered.size > MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
}
