/** `node:net` over the simulated network: what the guard dials, and the fast path reads. */
import { EventEmitter } from 'node:events';
import type { Life, Scheduled } from '../world/scheduler.ts';
import { type Connection, codedError, type Host, type Network } from './network.ts';

interface OnRead {
  buffer: Uint8Array | (() => Uint8Array);
  callback: (bytes: number, buffer: Uint8Array) => boolean;
}

interface ConnectOptions {
  host: string;
  port: number;
  onread?: OnRead;
}

export class SimSocket extends EventEmitter implements Connection {
  destroyed = false;
  readableEnded = false;
  host: Host = { name: '', address: '', mode: 'up', bytesPerMs: 1, delayMs: 1, resets: 0 };
  readonly #network: Network;
  readonly #life: Life;
  readonly #onread: OnRead | null;
  #buffer: Uint8Array | null = null;
  #isPaused = false;
  #held: (() => void)[] = [];
  #timer: Scheduled | null = null;
  #timeoutMs = 0;

  constructor(network: Network, life: Life, options: ConnectOptions) {
    super();
    this.#network = network;
    this.#life = life;
    this.#onread = options.onread ?? null;
    const host = network.hostAt(options.host);
    if (host !== null) this.host = host;
    const { way, random } = network;
    const tookMs = way === 'no-route' ? 0.2 : random.between(1, 2) * (host?.delayMs ?? 1);
    this.#after(tookMs, () => this.#connect(host));
  }

  #connect(host: Host | null): void {
    const { way } = this.#network;
    if (way === 'no-route' || host === null) return this.#fail(codedError('ENETUNREACH'));
    if (way === 'silent' || host.mode === 'silent') return;
    if (host.mode === 'refuses') return this.#fail(codedError('ECONNREFUSED'));
    this.#network.connections.add(this);
    this.emit('connect');
    this.#touch();
  }

  setTimeout(ms: number, onTimeout?: () => void): this {
    if (onTimeout) this.once('timeout', onTimeout);
    this.#timeoutMs = ms;
    this.#touch();
    return this;
  }

  /** The request of the fast path, whole. */
  write(text: string): boolean {
    const [first = '', ...lines] = text.split('\r\n');
    const headers = Object.fromEntries(
      lines
        .filter((line) => line !== '')
        .map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]),
    ) as Record<string, string>;
    const path = first.split(' ')[1] ?? '/';
    const url = `http://${headers['host']}${path}`;
    this.#after(this.host.delayMs, () => this.#respond(url, headers));
    return true;
  }

  /** undici reads its sockets so; its part is simulated as well (undici.ts). */
  read(): null {
    return null;
  }

  /** As `read`. */
  unshift(): void {}

  pause(): this {
    this.#isPaused = true;
    return this;
  }

  resume(): this {
    this.#isPaused = false;
    while (!this.#isPaused && !this.destroyed) {
      const next = this.#held.shift();
      if (next === undefined) break;
      next();
    }
    return this;
  }

  destroy(error?: Error): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.#network.connections.delete(this);
    if (this.#timer !== null) this.#timer.run = null;
    this.#network.scheduler.schedule(0, this.#life, () => {
      if (error) this.emit('error', error);
      this.emit('close');
    });
    return this;
  }

  reset(): void {
    this.#fail(codedError('ECONNRESET'));
  }

  #fail(error: Error): void {
    if (!this.destroyed) this.destroy(error);
  }

  #respond(url: string, headers: Record<string, string>): void {
    const { scheduler } = this.#network;
    const file = this.#network.files.get(url);
    if (!this.#network.isFlowing(this.host) || file === undefined) return;
    const { status, headers: own, body } = file.answer(headers, scheduler.now);
    const head = Object.entries(own).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#deliver(Buffer.from(`HTTP/1.1 ${status} OK\r\n${head.join('')}\r\n`));
    this.#pump(url, body, 0);
  }

  #pump(url: string, body: Buffer, at: number): void {
    if (at >= body.length) {
      this.#after(0.1, () => this.#whenRead(() => this.#end()));
      return;
    }
    const { random, slowness } = this.#network;
    const bytes = Math.min(body.length - at, 1024 + random.below(256 * 1024));
    this.#after((bytes / this.host.bytesPerMs) * slowness, () => {
      if (!this.#network.isFlowing(this.host) || this.#held.length > 4) {
        this.#after(50, () => this.#pump(url, body, at));
        return;
      }
      if (this.host.resets > 0 && random.chance(0.05)) {
        this.host.resets--;
        return this.reset();
      }
      this.#network.count(url, bytes);
      this.#deliver(body.subarray(at, at + bytes));
      this.#pump(url, body, at + bytes);
    });
  }

  #end(): void {
    this.readableEnded = true;
    this.emit('end');
    this.destroy();
  }

  #whenRead(work: () => void): void {
    if (this.#isPaused || this.#held.length > 0) this.#held.push(work);
    else work();
  }

  #deliver(bytes: Buffer): void {
    this.#touch();
    const onread = this.#onread;
    if (onread === null) return;
    const bufferOf = (): Uint8Array =>
      typeof onread.buffer === 'function' ? onread.buffer() : onread.buffer;
    const give = (rest: Buffer): void => {
      for (let at = 0; at < rest.length;) {
        if (this.#isPaused) {
          const left = rest.subarray(at);
          this.#held.unshift(() => give(left));
          return;
        }
        if (this.destroyed) return;
        this.#buffer ??= bufferOf();
        const count = Math.min(this.#buffer.length, rest.length - at);
        this.#buffer.set(rest.subarray(at, at + count));
        at += count;
        onread.callback(count, this.#buffer);
        this.#buffer = this.destroyed ? null : bufferOf();
      }
    };
    this.#whenRead(() => give(bytes));
  }

  #touch(): void {
    if (this.#timer !== null) this.#timer.run = null;
    if (this.#timeoutMs > 0 && !this.destroyed)
      this.#timer = this.#after(this.#timeoutMs, () => this.emit('timeout'));
  }

  #after(ms: number, work: () => void): Scheduled {
    return this.#network.scheduler.schedule(ms, this.#life, () => {
      if (!this.destroyed) work();
    });
  }
}

export function createNet(network: Network, life: Life): Record<string, unknown> {
  return { connect: (options: ConnectOptions) => new SimSocket(network, life, options) };
}
