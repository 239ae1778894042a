import type { EmbeddedStub, SocketLink } from '#lib/actors/durable/types.ts';

/** A WebSocket to a session of this process, so that the command line speaks the same protocol as the page. */
export function inProcessSocketTo(session: EmbeddedStub): typeof WebSocket {
  return class InProcessSocket extends EventTarget {
    readonly bufferedAmount = 0;
    readonly #link: SocketLink;

    constructor() {
      super();
      this.#link = session.connect({
        bufferedAmount: 0,
        send: (data) => queueMicrotask(() => this.dispatchEvent(new MessageEvent('message', { data }))),
        close: (code, reason) => this.#closed(code ?? 1000, reason ?? ''),
      });
      queueMicrotask(() => this.dispatchEvent(new Event('open')));
    }

    send(text: string): void {
      this.#link.message(text);
    }

    close(code = 1000, reason = ''): void {
      this.#closed(code, reason);
    }

    #closed(code: number, reason: string): void {
      queueMicrotask(() => {
        this.#link.closed(code, reason, true);
        this.dispatchEvent(Object.assign(new Event('close'), { code, reason }));
      });
    }
  } as unknown as typeof WebSocket;
}
