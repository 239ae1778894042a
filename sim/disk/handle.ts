/** `FileHandle` of node:fs/promises, as far as the product uses it. */
import type { Calls } from './calls.ts';
import type { OpenFile } from './disk.ts';
import { bytesOf, type Data, decoded, type Encoding } from './flags.ts';
import { statsOf } from './stats.ts';

export class SimFileHandle {
  readonly #calls: Calls;
  readonly #file: OpenFile;

  constructor(calls: Calls, file: OpenFile) {
    this.#calls = calls;
    this.#file = file;
  }

  get #disk(): Calls['disk'] {
    return this.#calls.disk;
  }

  #later<T>(syscall: string, effect: () => T): Promise<T> {
    return this.#calls.later(syscall, this.#file.path, effect);
  }

  async read(
    buffer: Uint8Array,
    offset = 0,
    length = buffer.byteLength - offset,
    position: number | null = null,
  ): Promise<{ bytesRead: number; buffer: Uint8Array }> {
    const into = buffer.subarray(offset, offset + length);
    const bytesRead = await this.#later('read', () => this.#disk.read(this.#file, into, position));
    return { bytesRead, buffer };
  }

  async write(
    data: Data,
    offset: number | null = 0,
    length?: number | null,
    position: number | null = null,
  ): Promise<{ bytesWritten: number; buffer: Data }> {
    const all = bytesOf(data);
    const from = typeof data === 'string' ? 0 : (offset ?? 0);
    const bytes = all.subarray(from, from + (typeof length === 'number' ? length : all.length - from));
    const at = typeof data === 'string' ? offset || null : position;
    const bytesWritten = await this.#later('write', () => this.#disk.write(this.#file, bytes, at));
    return { bytesWritten, buffer: data };
  }

  async writev(
    buffers: Uint8Array[],
    position?: number,
  ): Promise<{ bytesWritten: number; buffers: Uint8Array[] }> {
    const { bytesWritten } = await this.write(Buffer.concat(buffers), 0, null, position ?? null);
    return { bytesWritten, buffers };
  }

  async writeFile(data: Data): Promise<void> {
    const bytes = bytesOf(data);
    for (let at = 0; at < bytes.length;) {
      const rest = bytes.subarray(at);
      at += await this.#later('write', () => this.#disk.write(this.#file, rest, null));
    }
  }

  appendFile(data: Data): Promise<void> {
    return this.writeFile(data);
  }

  async readFile(encoding?: Encoding): Promise<string | Buffer> {
    const { size } = await this.#later('fstat', () => this.#disk.statFile(this.#file));
    const buffer = Buffer.alloc(size);
    const read = await this.#later('read', () => this.#disk.read(this.#file, buffer, null));
    return decoded(buffer.subarray(0, read), encoding);
  }

  async stat(options?: { bigint?: boolean }): Promise<object> {
    return statsOf(await this.#later('fstat', () => this.#disk.statFile(this.#file)), options);
  }

  truncate(size = 0): Promise<void> {
    return this.#later('ftruncate', () => this.#disk.truncateFile(this.#file, size));
  }

  /** @param modified in s, as a number */
  utimes(_accessed: Date | number, modified: Date | number): Promise<void> {
    const modifiedMs = typeof modified === 'number' ? Math.floor(modified * 1000) : modified.getTime();
    return this.#later('futime', () => this.#disk.setModified(this.#file, modifiedMs));
  }

  datasync(): Promise<void> {
    return this.#later('fdatasync', this.#disk.beginSync(this.#file, 'fdatasync'));
  }

  sync(): Promise<void> {
    return this.#later('fsync', this.#disk.beginSync(this.#file, 'fsync'));
  }

  close(): Promise<void> {
    return this.#later('close', () => this.#disk.close(this.#file));
  }
}
