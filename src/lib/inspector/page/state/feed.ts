/**
 * The browser's end of the inspector's socket: hands over what came once an animation frame, so that a busy server
 * costs the page one update and not hundreds.
 */
import {
  INSPECTOR_SUBPROTOCOL,
  type InspectorClientMessage,
  type InspectorServerMessage,
} from '../../../protocol/inspection.ts';
import { ReconnectingSocket, type SocketState } from '../../../channel/client/reconnecting-socket.ts';

export type FeedState = Exclude<SocketState['state'], 'ended'>;

export interface FeedOptions {
  url: string;
  onOpen: () => void;
  onState: (state: FeedState) => void;
  /** All that came since the last animation frame, in order. */
  onMessages: (messages: InspectorServerMessage[]) => void;
}

/** A hidden page has no animation frames: what gathers meanwhile is handed over in pieces of this size. */
const MAX_GATHERED = 64;

export class Feed {
  readonly #options: FeedOptions;
  readonly #socket: ReconnectingSocket;
  #gathered: InspectorServerMessage[] = [];
  #frame = 0;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#socket = new ReconnectingSocket({
      url: options.url,
      subprotocol: INSPECTOR_SUBPROTOCOL,
      onState: ({ state }) => {
        if (state === 'ended') return;
        options.onState(state);
        if (state === 'live') options.onOpen();
      },
      onMessage: (data) => this.#gather(JSON.parse(String(data)) as InspectorServerMessage),
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

  #gather(message: InspectorServerMessage): void {
    this.#gathered.push(message);
    if (this.#gathered.length >= MAX_GATHERED) this.#handOver();
    else this.#frame ||= requestAnimationFrame(() => this.#handOver());
  }

  #handOver(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const messages = this.#gathered;
    this.#gathered = [];
    if (messages.length > 0) this.#options.onMessages(messages);
  }
}
