/**
 * Sockets as the host keeps them: the wire and its attachment outlive the object in memory. The object sees a view,
 * which is as mortal as the object: what a reset left behind can send nothing.
 */
import { LIMITS, isLongerThan } from './limits.ts';
import type { DurableSocket, SocketLink, WireSocket } from './types.ts';
import { decodeValue, encodeValue } from './value.ts';

const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** What a socket needs of the object it belongs to. */
export interface SocketOwner {
  received(socket: HostSocket, message: string | ArrayBuffer): void;
  left(socket: HostSocket, code: number, reason: string, wasClean: boolean): void;
}

/** One activation of an object, as far as its sockets are concerned. */
export interface SocketUser {
  readonly isAlive: boolean;
  /** Through the output gate. `drop` is called instead when it will not leave. */
  pass(leave: () => void, drop?: () => void): void;
  sent(socket: HostSocket, message: string | ArrayBuffer | Uint8Array): void;
}

export class HostSocket implements SocketLink {
  readonly wire: WireSocket;
  readonly #owner: SocketOwner;
  attachment: string | null = null;
  readyState = OPEN;
  #view: SocketView | null = null;

  constructor(owner: SocketOwner, wire: WireSocket) {
    this.#owner = owner;
    this.wire = wire;
  }

  /** The same view for the whole activation of an object, so that it can be a key in its maps. */
  view(user: SocketUser): DurableSocket {
    if (this.#view?.user !== user) this.#view = new SocketView(this, user);
    return this.#view;
  }

  /** The object sleeps: its view is garbage. */
  forgetView(): void {
    this.#view = null;
  }

  message(message: string | ArrayBuffer): void {
    if (this.readyState !== OPEN) return;
    const isTooLong =
      typeof message === 'string'
        ? isLongerThan(message, LIMITS.messageBytes)
        : message.byteLength > LIMITS.messageBytes;
    if (isTooLong) this.close(1009, 'message too big');
    else this.#owner.received(this, message);
  }

  closed(code: number, reason: string, wasClean: boolean): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    this.#owner.left(this, code, reason, wasClean);
  }

  /** Also while closing: frames sent before the close are still on their way out. */
  send(message: string | ArrayBuffer | Uint8Array): void {
    if (this.readyState === CLOSED) return;
    try {
      this.wire.send(message);
    } catch {
      // A wire that broke says so by `closed`.
    }
  }

  /** By the host, past the gate. */
  close(code: number, reason: string): void {
    if (this.readyState !== OPEN) return;
    this.readyState = CLOSING;
    closeWire(this.wire, code, reason);
  }
}

class SocketView implements DurableSocket {
  readonly socket: HostSocket;
  readonly user: SocketUser;

  constructor(socket: HostSocket, user: SocketUser) {
    this.socket = socket;
    this.user = user;
  }

  get readyState(): number {
    return this.socket.readyState;
  }

  get bufferedAmount(): number {
    return this.socket.wire.bufferedAmount;
  }

  send(message: string | ArrayBuffer | Uint8Array): void {
    if (!this.user.isAlive || this.socket.readyState !== OPEN) return;
    this.user.sent(this.socket, message);
    this.user.pass(() => {
      this.socket.send(message);
    });
  }

  close(code?: number, reason?: string): void {
    // The protocol's own cap: 125 bytes of payload, two of them the code.
    if (reason !== undefined && isLongerThan(reason, 123)) {
      throw new TypeError('The reason of a close is at most 123 bytes of UTF-8.');
    }
    if (!this.user.isAlive || this.socket.readyState !== OPEN) return;
    this.socket.readyState = CLOSING;
    const leave = (): void => {
      closeWire(this.socket.wire, code, reason);
    };
    // Closed is closed, also when the turn that wanted it was taken back: the client comes again.
    this.user.pass(leave, leave);
  }

  serializeAttachment(attachment: unknown): void {
    this.socket.attachment = attachment == null ? null : encodeValue(attachment, LIMITS.attachmentLength);
  }

  deserializeAttachment(): unknown {
    const { attachment } = this.socket;
    return attachment === null ? null : decodeValue(attachment);
  }
}

function closeWire(wire: WireSocket, code?: number, reason?: string): void {
  try {
    wire.close(code, reason);
  } catch {
    // As above: it says so by `closed`.
  }
}
