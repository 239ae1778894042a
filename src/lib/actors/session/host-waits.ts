/** Downloads that leave their slots to others: those that wait in the runner for a connection to their host, and slow ones. */
import type { SupervisedDownload } from './supervisor.ts';

/** Slow ones of a session beyond these keep their slots: each is an actor here, and a job in the runner. */
const MAX_SLOW = 32;

/**
 * How many of its queued downloads the session may give to the runner, which lets no more than `slots` of them run.
 * What waits for its host leaves its slot to a download of another host, unless fewer of this session run there than the host
 * allows: then it may begin at any moment. What is being synced has none. What is slow, or has given way, leaves its slot to
 * another, and for each one more waits in the runner (as many as there are slots): what is slow comes again only when none does.
 */
export function freeSlots(children: Iterable<SupervisedDownload>, slots: number): number {
  let [used, slow] = [0, 0];
  const running = new Map<string | null, number>();
  const waiting = new Map<string | null, { count: number; connections: number }>();
  for (const child of children) {
    if (child.isSaving) continue;
    const { host } = child;
    const { hostLimit: connections } = child.snapshot.context;
    if (child.hasGivenWay) slow++;
    else if (connections === null) {
      if (child.isSlow) slow++;
      else used++;
      running.set(host, (running.get(host) ?? 0) + 1);
    } else waiting.set(host, { count: (waiting.get(host)?.count ?? 0) + 1, connections });
  }
  for (const [host, { count, connections }] of waiting)
    used += Math.min(count, Math.max(0, connections - (running.get(host) ?? 0)));
  return Math.max(0, slots + Math.min(slow, slots) - Math.max(0, slow - MAX_SLOW) - used);
}

/** Hosts for which a download waits already: another one would only wait as well. */
export function fullHosts(children: Iterable<SupervisedDownload>): string[] {
  const hosts: string[] = [];
  for (const { snapshot, host } of children) {
    if (snapshot.context.hostLimit !== null) hosts.push(host ?? '');
  }
  return hosts;
}
