import type { DurableContext, DurableSocket } from '../../src/lib/actors/durable/types.ts';

/** A small object: a number in memory, and storage like a session's. */
export class BenchObject {
  readonly #ctx: DurableContext;
  #count = 0;

  constructor(ctx: DurableContext) {
    this.#ctx = ctx;
  }

  put(row: string): number {
    this.#ctx.storage.kv.put('row', row);
    return (this.#count += 1);
  }

  /** Writes as much as an add of a download: the row, an index key, the answer to the command, a counter. */
  add(number: number): number {
    const id = String(number).padStart(12, '0');
    const { kv } = this.#ctx.storage;
    kv.put(`download/${id}`, { id, url: `http://example.org/${id}`, state: 'queued', receivedBytes: 0 });
    kv.put(`by/queued/${id}`, id);
    kv.put(`command/${id}`, { at: number, id });
    kv.put('position', number);
    return number;
  }

  progress(): number {
    return (this.#count += 1);
  }

  webSocketMessage(socket: DurableSocket, message: string | ArrayBuffer): void {
    socket.serializeAttachment({ epoch: this.#ctx.id.toString(), seq: (this.#count += 1) });
    socket.send(message);
  }
}
