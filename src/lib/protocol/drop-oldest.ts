/** Removes what was added first until at most `max` are left. */
export function dropOldest<K>(from: Map<K, unknown> | Set<K>, max: number): void {
  for (const oldest of from.keys()) {
    if (from.size <= max) return;
    from.delete(oldest);
  }
}
