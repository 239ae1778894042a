/** A client of an embedded socket, for tests of the object model alone; the channel's tests use `ws`. */
import type { EmbeddedStub, SocketLink, WireSocket } from '../../../src/lib/actors/durable/types.ts';
import type { ContractSocket } from './contract.ts';

export class TestWire implements WireSocket, ContractSocket {
  readonly bufferedAmount = 0;
  readonly received: string[] = [];
  closed: { code: number; reason: string } | null = null;
  readonly #link: SocketLink;

  constructor(stub: EmbeddedStub<never>) {
    this.#link = stub.connect({
      bufferedAmount: 0,
      send: (message) => {
        this.received.push(typeof message === 'string' ? message : new TextDecoder().decode(message));
      },
      // The client answers a close in the next event-loop turn.
      close: (code = 1005, reason = '') => {
        setImmediate(() => {
          this.#end(code, reason);
        });
      },
    });
  }

  send(message: string): void {
    this.#link.message(message);
  }

  close(code: number, reason: string): void {
    this.#end(code, reason);
  }

  #end(code: number, reason: string): void {
    if (this.closed !== null) return;
    this.closed = { code, reason };
    this.#link.closed(code, reason, true);
  }
}
