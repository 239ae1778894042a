/**
 * The browser's side of the inspector's socket. It delivers messages once per animation frame, so that a busy server
 * causes one update of the page and not hundreds.
 */
import {
  INSPECTOR_SUBPROTOCOL,
  type InspectorClientMessage,
  type InspectorServerMessage,
} from '../../../protocol/inspection.ts';
import { ReconnectingSocket, type SocketState } from '../../../channel/client/reconnecting-socket.ts';

export type ConnectionState = Exclude<SocketState['state'], 'ended'>;

interface ConnectionOptions {
  url: string;
  onOpen: () => void;
  onState: (state: ConnectionState) => void;
  /** Called with all messages since the last animation frame, in order. */
  onMessages: (messages: InspectorServerMessage[]) => void;
}

/** A hidden page has no animation frames: then messages are delivered in batches of this size. */
const MAX_BUFFERED = 64;

export class InspectorConnection {
  readonly #options: ConnectionOptions;
  readonly #socket: ReconnectingSocket;
  #buffered: InspectorServerMessage[] = [];
  #frame = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#socket = new ReconnectingSocket({
      url: options.url,
      subprotocol: INSPECTOR_SUBPROTOCOL,
      onState: ({ state }) => {
        if (state === 'ended') return;
        options.onState(state);
        if (state === 'live') options.onOpen();
      },
      onMessage: (data) => this.#buffer(JSON.parse(String(data)) as InspectorServerMessage),
    });
    this.#socket.start();
  }

  send(message: InspectorClientMessage): void {
    this.#socket.send(JSON.stringify(message));
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    this.#socket.end();
  }

  #buffer(message: InspectorServerMessage): void {
    this.#buffered.push(message);
    if (this.#buffered.length >= MAX_BUFFERED) this.#deliver();
    else this.#frame ||= requestAnimationFrame(() => this.#deliver());
  }

  #deliver(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const messages = this.#buffered;
    this.#buffered = [];
    if (messages.length > 0) this.#options.onMessages(messages);
  }
}
