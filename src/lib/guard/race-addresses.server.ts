/** Dials checked addresses, 250 ms apart, until one connects (Happy Eyeballs, RFC 8305). */
import type { Socket } from 'node:net';
import { UnreachableError } from '../protocol/unreachable.ts';
import { NO_ANSWER, obstacleOfDials } from './obstacle.ts';

/** RFC 8305 section 5: recommended Connection Attempt Delay. */
const ATTEMPT_DELAY_MS = 250;

interface RaceOptions<T extends Socket> {
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
  return new Promise((resolve, reject) => {
    new Race(options, resolve, reject).start();
  });
}

class Race<T extends Socket> {
  readonly #options: RaceOptions<T>;
  readonly #resolve: (winner: T) => void;
  readonly #reject: (error: Error) => void;
  readonly #waiting: string[];
  readonly #dialling = new Map<T, (error: Error) => void>();
  readonly #errors: Error[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RaceOptions<T>, resolve: (winner: T) => void, reject: (error: Error) => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#waiting = interleave(options.addresses);
  }

  start(): void {
    this.#options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#next();
  }

  #next(): void {
    clearTimeout(this.#timer);
    const address = this.#waiting.shift();
    if (address !== undefined) this.#dial(address);
    else if (this.#dialling.size === 0) this.#fail();
  }

  #dial(address: string): void {
    const { dial, connectTimeoutMs } = this.#options;
    const socket = dial(address);
    const onError = (error: Error): void => {
      this.#errors.push(error);
      this.#dialling.delete(socket);
      this.#next();
    };
    this.#dialling.set(socket, onError);
    socket.setTimeout(connectTimeoutMs, () => {
      const silence = new Error(`no answer from ${address} in ${connectTimeoutMs} ms`);
      socket.destroy(Object.assign(silence, { code: NO_ANSWER }));
    });
    socket.once('error', onError);
    socket.once('connect', () => {
      if (this.#dialling.has(socket)) this.#win(socket);
    });
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#next(), ATTEMPT_DELAY_MS);
  }

  #win(winner: T): void {
    this.#end(winner);
    winner.setTimeout(0);
    this.#resolve(winner);
  }

  #fail(): void {
    this.#end(null);
    const unreachable = { host: this.#options.host, obstacle: obstacleOfDials(this.#errors) };
    this.#reject(new UnreachableError(unreachable, undefined, { cause: this.#errors.at(-1) }));
  }

  readonly #onAbort = (): void => {
    this.#end(null);
    this.#reject(this.#options.signal?.reason as Error);
  };

  /** Destroys all sockets but the winner's. */
  #end(winner: T | null): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    for (const [socket, onError] of this.#dialling) {
      socket.removeListener('error', onError);
      this.#dialling.delete(socket);
      if (socket === winner) continue;
      socket.on('error', () => {});
      socket.destroy();
    }
  }
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
