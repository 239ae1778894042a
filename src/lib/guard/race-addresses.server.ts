/** Dials checked addresses, 250 ms apart, until one connects (Happy Eyeballs, RFC 8305). */
import type { Socket } from 'node:net';
import { SluiceError } from '../protocol/error.ts';

/** RFC 8305 section 5: recommended Connection Attempt Delay. */
const ATTEMPT_DELAY_MS = 250;

export interface RaceOptions {
  /** IP literals, in order of preference; never a name. */
  addresses: readonly string[];

  dial: (address: string) => Socket;
  connectTimeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** @throws SluiceError `connect_failed`, `timeout`; `signal.reason` after an abort */
export function raceAddresses(options: RaceOptions): Promise<Socket> {
  const { dial, connectTimeoutMs, signal } = options;
  const waiting = interleave(options.addresses);
  const dialling = new Map<Socket, (error: Error) => void>();
  let lastError: unknown = null;
  let timedOut = false;

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
        lastError = error;
        dialling.delete(socket);
        next();
      };
      dialling.set(socket, onError);
      socket.setTimeout(connectTimeoutMs, () => {
        timedOut = true;
        socket.destroy(new Error(`no answer from ${address} in ${connectTimeoutMs} ms`));
      });
      socket.once('error', onError);
      socket.once('connect', () => {
        if (dialling.has(socket)) finish(socket);
      });
      if (waiting.length > 0) timer = setTimeout(next, ATTEMPT_DELAY_MS);
    }

    function finish(winner: Socket | null, abortReason?: unknown): void {
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
        const code = timedOut ? 'timeout' : 'connect_failed';
        reject(new SluiceError(code, undefined, { cause: lastError }));
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
