/** Downloads that wait in the runner for a connection to their host: which slots they leave to others. */
import type { Child } from './supervisor.ts';

/**
 * How many of the session's slots are in use. What waits for its host leaves its slot to a download of another host, unless
 * fewer of this session run there than the host allows: then it may begin at any moment. What is being synced has none.
 */
export function slotsInUse(children: Iterable<Child>): number {
  let slots = 0;
  const running = new Map<string | null, number>();
  const waiting = new Map<string | null, { count: number; connections: number }>();
  for (const child of children) {
    if (child.isSaving) continue;
    const { host } = child;
    const { hostLimit: connections } = child.snapshot.context;
    if (connections === null) {
      slots++;
      running.set(host, (running.get(host) ?? 0) + 1);
    } else waiting.set(host, { count: (waiting.get(host)?.count ?? 0) + 1, connections });
  }
  for (const [host, { count, connections }] of waiting)
    slots += Math.min(count, Math.max(0, connections - (running.get(host) ?? 0)));
  return slots;
}

/** Hosts for which a download waits already: another one would only wait as well. */
export function fullHosts(children: Iterable<Child>): string[] {
  const hosts: string[] = [];
  for (const { snapshot, host } of children) {
    if (snapshot.context.hostLimit !== null) hosts.push(host ?? '');
  }
  return hosts;
}
