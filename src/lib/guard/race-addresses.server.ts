/** Dials checked addresses, 250 ms apart, until one connects (Happy Eyeballs, RFC 8305). */
import type { Socket } from 'node:net';
import { UnreachableError } from '../protocol/unreachable.ts';
import { NO_ANSWER, obstacleOfDials } from './obstacle.ts';

/** RFC 8305 section 5: recommended Connection Attempt Delay. */
const ATTEMPT_DELAY_MS = 250;

export interface RaceOptions<T extends Socket> {
  /** As `authorityOf`: for the error. */
  host: string;
  /** IP literals, in order of preference; never a name. */
  addresses: readonly string[];

  dial: (address: string) => T;
  connectTimeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** @throws UnreachableError `connect_failed`, `timeout`; `signal.reason` after an abort */
export function raceAddresses<T extends Socket>(options: RaceOptions<T>): Promise<T> {
  const { host, dial, connectTimeoutMs, signal } = options;
  const waiting = interleave(options.addresses);
  const dialling = new Map<T, (error: Error) => void>();
  const errors: Error[] = [];

  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;

    function next(): void {
      clearTimeout(timer);
      const address = waiting.shift();
      if (address === undefined) {
        if (dialling.size === 0) finish(null);
        return;
      }
      const socket = dial(address);
      const onError = (error: Error): void => {
        errors.push(error);
        dialling.delete(socket);
        next();
      };
      dialling.set(socket, onError);
      socket.setTimeout(connectTimeoutMs, () => {
        const silence = new Error(`no answer from ${address} in ${connectTimeoutMs} ms`);
        socket.destroy(Object.assign(silence, { code: NO_ANSWER }));
      });
      socket.once('error', onError);
      socket.once('connect', () => {
        if (dialling.has(socket)) finish(socket);
      });
      if (waiting.length > 0) timer = setTimeout(next, ATTEMPT_DELAY_MS);
    }

    function finish(winner: T | null, abortReason?: unknown): void {
      clearTimeout(timer);
      waiting.length = 0;
      signal?.removeEventListener('abort', onAbort);
      for (const [socket, onError] of dialling) {
        socket.removeListener('error', onError);
        dialling.delete(socket);
        if (socket === winner) continue;
        socket.on('error', () => {});
        socket.destroy();
      }
      if (winner !== null) {
        winner.setTimeout(0);
        resolve(winner);
      } else if (abortReason !== undefined) {
        reject(abortReason as Error);
      } else {
        const obstacle = obstacleOfDials(errors);
        reject(new UnreachableError({ host, obstacle }, undefined, { cause: errors.at(-1) }));
      }
    }

    const onAbort = (): void => {
      finish(null, signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    next();
  });
}

/** Alternates between the families, beginning with that of the first address: a dead family then costs one delay. */
function interleave(addresses: readonly string[]): string[] {
  const sixFirst = addresses[0]?.includes(':') ?? false;
  const first = addresses.filter((address) => address.includes(':') === sixFirst);
  const second = addresses.filter((address) => address.includes(':') !== sixFirst);
  return first
    .flatMap((address, i) => {
      const other = second[i];
      return other === undefined ? [address] : [address, other];
    })
    .concat(second.slice(first.length));
}
