/** The contract's host in workerd, in one process or a cluster. */
import { waitFor } from '../../support/wait.ts';
import { openSocket } from '../workerd/client-socket.ts';
import type { Workerd } from '../workerd/workerd.ts';
import type { ContractHost } from './contract.ts';

/** workerd evicts an object after 10 s without an event. */
const IDLE_MS = 10_500;
/** Real time: long enough for a call to arrive before an alarm is due. */
export const UNIT_MS = 300;

/** @param workerd closed with the host */
export function workerdHost(workerd: Workerd): ContractHost {
  const at = (id: string, rest: string) => `${workerd.url}/sample/${id}/${rest}`;
  const call = async (id: string, method: string, ...args: unknown[]): Promise<unknown> => {
    const body = JSON.stringify({ method, args });
    const response = await fetch(at(id, 'call'), { method: 'POST', body });
    if (!response.ok) throw new Error(`${method}: ${await response.text()}`);
    // JSON has no undefined.
    return ((await response.json()) as { result?: unknown }).result ?? null;
  };
  const life = async (id: string): Promise<string> => ((await call(id, 'identity')) as { life: string }).life;
  const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  return {
    fetch: (id, { url, method, body }) => {
      const { pathname, search } = new URL(url);
      return fetch(at(id, `fetch${pathname}${search}`), { method, body, duplex: 'half' } as RequestInit);
    },
    call: call as ContractHost['call'],
    connect: (id) => openSocket(at(id, 'socket')),
    async sleep(id) {
      const before = await life(id);
      // A check would wake the object: just wait for that long.
      const slept = async (): Promise<boolean> => {
        await pass(IDLE_MS);
        return (await life(id)) !== before;
      };
      await waitFor(slept, { deadlineMs: 60_000, what: 'workerd to forget the object' });
    },
    now: () => Date.now(),
    pass,
    restart: () => workerd.restart(),
    close: () => workerd.close(),
    hasQuietThrows: true,
  };
}
