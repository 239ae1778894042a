/**
 * The browser's end of the inspector's socket: comes back by itself, and hands over what came once a frame, so that a
 * busy server costs the page one update and not hundreds.
 */
import {
  INSPECTOR_SUBPROTOCOL,
  type InspectorClientMessage,
  type InspectorServerMessage,
} from '../../../protocol/inspection.ts';
import { backoffMs } from '../../../channel/client/backoff.ts';

export type FeedState = 'connecting' | 'live' | 'waiting';

export interface FeedOptions {
  url: string;
  onOpen: () => void;
  onState: (state: FeedState) => void;
  /** All that came since the last frame, in order. */
  onMessages: (messages: InspectorServerMessage[]) => void;
}

/** Frames stand still in a page that nobody sees; what gathers meanwhile is taken over in pieces of this size. */
const MAX_GATHERED = 64;

export class Feed {
  readonly #options: FeedOptions;
  #socket: WebSocket | null = null;
  #gathered: InspectorServerMessage[] = [];
  #frame = 0;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#connect();
  }

  send(message: InspectorClientMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
    this.#socket?.close();
  }

  #connect(): void {
    this.#options.onState('connecting');
    const socket = new WebSocket(this.#options.url, [INSPECTOR_SUBPROTOCOL]);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      this.#attempt = 0;
      this.#options.onState('live');
      this.#options.onOpen();
    });
    socket.addEventListener('message', ({ data }) => {
      this.#gathered.push(JSON.parse(String(data)) as InspectorServerMessage);
      if (this.#gathered.length >= MAX_GATHERED) this.#hand();
      else this.#frame ||= requestAnimationFrame(() => this.#hand());
    });
    socket.addEventListener('close', () => this.#lost());
  }

  #hand(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const messages = this.#gathered;
    this.#gathered = [];
    if (messages.length > 0) this.#options.onMessages(messages);
  }

  #lost(): void {
    if (this.#isClosed) return;
    this.#options.onState('waiting');
    this.#timer = setTimeout(() => this.#connect(), backoffMs(this.#attempt++, Math.random));
  }
}
