/** The two parts of undici that the product uses, over the simulated network: one request a connection. */
import { Readable } from 'node:stream';
import type { Life } from '../world/scheduler.ts';
import { type Connection, codedError, type Host, type Network } from './network.ts';
import type { Answer } from './remote-file.ts';
import type { SimSocket } from './socket.ts';

interface AgentOptions {
  connect: (
    options: Record<string, string>,
    callback: (error: Error | null, socket: SimSocket | null) => void,
  ) => void;
  headersTimeout: number;
}

interface RequestOptions {
  origin: string;
  path: string;
  headers: Record<string, string>;
  signal: AbortSignal;
}

/** As undici: what a server may send ahead of a reader. */
const HIGH_WATER_BYTES = 64 * 1024;

class Body extends Readable implements Connection {
  readonly host: Host;
  readonly #network: Network;
  readonly #life: Life;
  readonly #url: string;
  readonly #bytes: Buffer;
  readonly #socket: SimSocket;
  #at = 0;
  #isWanted = false;
  #isPumping = false;

  constructor(of: { network: Network; life: Life; url: string; answer: Answer; socket: SimSocket }) {
    super({ highWaterMark: HIGH_WATER_BYTES });
    this.#network = of.network;
    this.#life = of.life;
    this.#url = of.url;
    this.#bytes = of.answer.body;
    this.#socket = of.socket;
    this.host = of.socket.host;
    this.#network.connections.add(this);
    // As undici does before it destroys a body.
    this.on('error', () => undefined);
    this.#socket.once('close', () => this.reset());
    this.#socket.on('error', () => undefined);
    this.#pump();
  }

  override _read(): void {
    this.#isWanted = true;
    this.#pump();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#network.connections.delete(this);
    this.#socket.destroy();
    callback(error);
  }

  reset(): void {
    if (!this.destroyed && !this.readableEnded) this.destroy(codedError('ECONNRESET'));
  }

  #pump(): void {
    if (this.#isPumping || this.destroyed || !this.#isWanted) return;
    this.#isPumping = true;
    const { random, slowness, scheduler } = this.#network;
    const bytes = Math.min(this.#bytes.length - this.#at, 512 + random.below(48 * 1024));
    scheduler.schedule((bytes / this.host.bytesPerMs) * slowness, this.#life, () => {
      this.#isPumping = false;
      if (this.destroyed) return;
      if (!this.#network.isFlowing(this.host)) return this.#retryLater();
      if (this.host.resets > 0 && random.chance(0.3)) {
        this.host.resets--;
        return random.chance(0.5)
          ? this.reset()
          : void this.destroy(codedError('UND_ERR_SOCKET', 'other side closed'));
      }
      this.#give(bytes);
    });
  }

  #give(bytes: number): void {
    if (bytes > 0) {
      this.#network.count(this.#url, bytes);
      const chunk = this.#bytes.subarray(this.#at, this.#at + bytes);
      this.#at += bytes;
      this.#isWanted = this.push(chunk);
    }
    if (this.#at === this.#bytes.length) {
      this.#network.connections.delete(this);
      this.push(null);
      return;
    }
    this.#pump();
  }

  #retryLater(): void {
    this.#isPumping = true;
    this.#network.scheduler.schedule(50, this.#life, () => {
      this.#isPumping = false;
      this.#pump();
    });
  }
}

interface Response {
  statusCode: number;
  headers: Record<string, string>;
  body: Readable;
}

export function createUndici(network: Network, life: Life): Record<string, unknown> {
  class Agent {
    readonly options: AgentOptions;
    constructor(options: AgentOptions) {
      this.options = options;
    }
    async destroy(): Promise<void> {}
  }

  const delay = (ms: number): Promise<void> =>
    new Promise((resolve) => void network.scheduler.schedule(ms, life, resolve));

  function request(
    this: Agent,
    options: RequestOptions,
    callback: (error: unknown, response: Response | null) => void,
  ): void {
    respond(this, options).then(
      (response) => callback(null, response),
      (thrown: unknown) => callback(thrown, null),
    );
  }

  async function respond(agent: Agent, { origin, path, headers, signal }: RequestOptions): Promise<Response> {
    signal.throwIfAborted();
    const { hostname, port, protocol } = new URL(origin);
    const socket = await new Promise<SimSocket>((resolve, reject) => {
      agent.options.connect({ hostname, port, protocol, servername: '' }, (error, connected) => {
        if (connected === null) reject(error ?? codedError('UND_ERR_SOCKET'));
        else resolve(connected);
      });
    });
    let isReset = false;
    socket.once('close', () => (isReset = true)).on('error', () => undefined);
    const { host } = socket;
    const startedAt = network.scheduler.now;
    const check = (): void => {
      if (signal.aborted) socket.destroy();
      signal.throwIfAborted();
      if (isReset || socket.destroyed) throw codedError('ECONNRESET');
      if (network.scheduler.now - startedAt <= agent.options.headersTimeout) return;
      socket.destroy();
      throw codedError('UND_ERR_HEADERS_TIMEOUT');
    };
    await delay(host.delayMs * network.slowness);
    check();
    while (!network.isFlowing(host)) {
      await delay(100);
      check();
    }
    const answer = answerOf(network, host, origin + path, headers);
    const body = new Body({
      network,
      life,
      url: origin + path,
      answer,
      socket,
    });
    const abort = (): void => void body.destroy(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    body.once('close', () => signal.removeEventListener('abort', abort));
    return { statusCode: answer.status, headers: answer.headers, body };
  }

  return { createAgent: (options: AgentOptions) => new Agent(options), request };
}

function answerOf(network: Network, { mode }: Host, url: string, headers: Record<string, string>): Answer {
  const empty = Buffer.alloc(0);
  if (mode === 'busy')
    return { status: 503, headers: { 'retry-after': '1', 'content-length': '0' }, body: empty };
  if (mode === 'broken') return { status: 500, headers: { 'content-length': '0' }, body: empty };
  const file = network.files.get(url);
  return (
    file?.answer(headers, network.scheduler.now) ?? {
      status: 404,
      headers: { 'content-length': '0' },
      body: empty,
    }
  );
}
