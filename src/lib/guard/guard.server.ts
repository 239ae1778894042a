/**
 * Every outgoing connection is made here: the guard resolves the host itself, checks every address, and dials the
 * checked address, so that DNS rebinding is impossible. Node's `lookup` hook does not do: it is not called for IP
 * literals.
 */
import { connect, isIP, type OnReadOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';
import { SluiceError } from '../protocol/error.ts';
import { untilAborted } from '../protocol/until-aborted.ts';
import { authority, type DialGate, type Unreachable, UnreachableError } from '../protocol/unreachable.ts';
import { canonicalHost, parseAddress } from './address.ts';
import { createLinks } from './links.server.ts';
import { type AllowEntry, isAllowed, type Network } from './policy.ts';
import { obstacleOfName } from './obstacle.ts';
import { raceAddresses } from './race-addresses.server.ts';
import { createResolver, type Resolve } from './resolver.server.ts';

interface GuardOptions {
  /** From `parseAllowPrivate`. */
  allowPrivate?: readonly AllowEntry[];
  /** Returns all addresses of a name, in order of preference. Default: `createResolver`. */
  resolve?: Resolve;
  /** The networks that this machine has addresses in. Default: `createLinks`. */
  links?: () => readonly Network[];
  /** Further trusted certificates, PEM. */
  ca?: string | undefined;
  /** ms for each TCP connect and for the TLS handshake. */
  connectTimeoutMs?: number;
  /** Which hosts can be reached: asked before each dial, and notified of its outcome. */
  gate?: DialGate;
}

interface DialTarget {
  /** Name or IP literal in any spelling. */
  host: string;
  port: number;
  tls?: boolean;
  /** For SNI and the check of the certificate; default: the host. */
  servername?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Node's `onread`: bytes are read into the caller's buffer instead of a stream. */
  onread?: OnReadOpts | undefined;
  /** Dials also what the gate says is away: to see whether it still is. */
  isProbe?: boolean;
}

const CONNECT_TIMEOUT_MS = 15_000;

export function createGuard(options: GuardOptions = {}): Guard {
  return new Guard(options);
}

/** A checked host, as `authority` spells it. */
interface ResolvedHost {
  host: string;
  addresses: string[];
}

export class Guard {
  readonly allowPrivate: readonly AllowEntry[];
  readonly #lookUp: Resolve;
  readonly #links: () => readonly Network[];
  readonly #ca: string | undefined;
  readonly #connectTimeoutMs: number;
  readonly #gate: DialGate | undefined;
  /** Connections that are open, by host: one that refuses one more of them is not away. */
  readonly #open = new Map<string, number>();

  constructor({ allowPrivate = [], resolve, links, ca, connectTimeoutMs, gate }: GuardOptions) {
    this.allowPrivate = allowPrivate;
    this.#lookUp = resolve ?? createResolver();
    this.#links = links ?? createLinks();
    this.#ca = ca;
    this.#connectTimeoutMs = connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    this.#gate = gate;
  }

  /**
   * Resolves with a connected socket; with `tls`, after a handshake with a trusted certificate.
   * @throws SluiceError `address_refused`, `dns_failed`, `connect_failed`, `timeout` (an UnreachableError unless the
   * handshake took too long), `network_down`, `host_away`, `tls_failed`, `invalid_url`; `signal.reason` after an abort
   */
  async connect({ host, port, signal, onread, isProbe, tls, servername }: DialTarget): Promise<Socket> {
    signal?.throwIfAborted();
    const found = await this.#resolve(host, port, signal, isProbe);
    signal?.throwIfAborted();
    const base = { port, noDelay: true, ...(onread ? { onread } : {}) };
    if (!tls) return this.#race(found, (address) => connect({ ...base, host: address }), signal);
    const name = servername ?? canonicalHost(host) ?? host;
    const options = { ...base, ...tlsOptions(name, this.#ca) };
    // Not a TLS layer over a connected socket: Node supports `onread` only for one that connects itself.
    const socket = await this.#race(found, (address) => tlsConnect({ ...options, host: address }), signal);
    return waitForHandshake(socket, name, this.#connectTimeoutMs, signal);
  }

  async #resolve(
    rawHost: string,
    port: number,
    signal?: AbortSignal,
    isProbe = false,
  ): Promise<ResolvedHost> {
    const host = canonicalHost(rawHost);
    if (host === null || !(port >= 1 && port <= 65_535)) throw new SluiceError('invalid_url');
    const refusal = isProbe ? null : this.#gate?.refusal(authority(host, port));
    if (refusal) throw refusal;
    const addresses = parseAddress(host) === null ? await this.#lookUpName(host, port, signal) : [host];
    const links = this.#links();
    const checked = addresses.filter((address) =>
      isAllowed({ host, address, port }, this.allowPrivate, links),
    );
    if (checked.length === 0) {
      throw new SluiceError('address_refused', `${host} is a private address and not allowed here.`);
    }
    return { host: authority(host, port), addresses: checked };
  }

  async #lookUpName(name: string, port: number, signal?: AbortSignal): Promise<string[]> {
    let addresses: string[] = [];
    let cause: unknown = null;
    try {
      addresses = await untilAborted(this.#lookUp(name, signal), signal);
    } catch (thrown) {
      signal?.throwIfAborted();
      cause = thrown;
    }
    if (addresses.length > 0) {
      this.#gate?.resolved(name);
      return addresses;
    }
    const unreachable: Unreachable = { host: authority(name, port), obstacle: obstacleOfName(cause) };
    this.#gate?.failed(unreachable);
    const what = cause === null ? 'has no address' : 'could not be found';
    throw new UnreachableError(unreachable, `The host name ${name} ${what}.`, { cause });
  }

  async #race<T extends Socket>(
    { host, addresses }: ResolvedHost,
    dial: (address: string) => T,
    signal?: AbortSignal,
  ): Promise<T> {
    let socket: T;
    try {
      const connectTimeoutMs = this.#connectTimeoutMs;
      socket = await raceAddresses({ host, addresses, dial, signal, connectTimeoutMs });
    } catch (thrown) {
      if (!(thrown instanceof UnreachableError)) throw thrown;
      const unreachable = { ...thrown.unreachable, isConnected: this.#open.has(host) };
      this.#gate?.failed(unreachable);
      throw new UnreachableError(unreachable, thrown.message, { cause: thrown.cause });
    }
    this.#gate?.answered(host);
    this.#open.set(host, (this.#open.get(host) ?? 0) + 1);
    socket.once('close', () => {
      const left = (this.#open.get(host) ?? 1) - 1;
      if (left > 0) this.#open.set(host, left);
      else this.#open.delete(host);
    });
    return socket;
  }
}

function tlsOptions(name: string, ca: string | undefined): ConnectionOptions {
  return {
    ALPNProtocols: ['http/1.1'],
    // For an IP literal Node checks the certificate against the address dialled.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(ca === undefined ? {} : { ca }),
  };
}

/** For a TLS socket whose TCP connection is established. */
function waitForHandshake<T extends Socket>(
  socket: T,
  host: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      fail(new SluiceError('timeout', `${host} took too long to agree on a secure connection.`));
    }, timeoutMs);
    const cleanUp = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.removeListener('error', onError);
      socket.removeListener('close', onError);
    };
    const fail = (error: unknown): void => {
      cleanUp();
      socket.on('error', () => {});
      socket.destroy();
      reject(error as Error);
    };
    const onAbort = (): void => {
      fail(signal?.reason);
    };
    const onError = (cause?: unknown): void => {
      const why = cause instanceof Error ? `: ${cause.message.split('\n')[0] ?? ''}` : '';
      fail(new SluiceError('tls_failed', `The secure connection to ${host} failed${why}.`, { cause }));
    };
    socket.once('error', onError);
    socket.once('close', onError);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    socket.once('secureConnect', () => {
      cleanUp();
      resolve(socket);
    });
  });
}
