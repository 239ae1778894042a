/** `node:dns/promises` over the simulated network. */
import type { Life } from '../world/scheduler.ts';
import { codedError, type Host, type Network } from './network.ts';

type Query<T> = (name: string) => Promise<T>;

export interface SimDns {
  lookup: Query<{ address: string; family: number }[]>;
  resolve4: Query<string[]>;
  resolve6: Query<string[]>;
}

export function createDns(network: Network, life: Life): SimDns {
  const { scheduler, random } = network;
  const ask = (name: string, codeWhenAway: () => string): Promise<Host> =>
    new Promise((resolve, reject) => {
      const isSlow = network.way === 'silent';
      scheduler.schedule(isSlow ? random.between(5_000, 10_000) : random.between(1, 20), life, () => {
        const host = network.hosts.get(name);
        if (network.way !== 'up') reject(codedError(codeWhenAway()));
        else if (host === undefined || host.mode === 'no-name') reject(codedError('ENOTFOUND'));
        else resolve(host);
      });
    });
  // c-ares' names; getaddrinfo has one for all.
  const unanswered = (): string => (network.way === 'silent' ? 'ETIMEOUT' : 'ECONNREFUSED');
  return {
    lookup: async (name) => {
      const { address } = await ask(name, () => 'EAI_AGAIN');
      return [{ address, family: 4 }];
    },
    resolve4: async (name) => [(await ask(name, unanswered)).address],
    resolve6: async (name) => {
      await ask(name, unanswered);
      throw codedError('ENODATA');
    },
  };
}
