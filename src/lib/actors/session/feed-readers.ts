/** The session's sockets: which have sent `hello`, are up to date, or are behind. */
import { CLOSE, type Hello, type ServerMessage, type Snapshot } from '../../protocol/channel.ts';
import type { SluiceError } from '../../protocol/error.ts';
import type { DurableContext, DurableSocket } from '../durable/types.ts';
import type { Feed } from './feed.ts';

/** With more unsent, a reader gets no updates, and a snapshot once it has caught up. */
const HIGH_WATER_BYTES = 256 * 1024;
/** With more unsent, the socket is closed. */
const TOO_SLOW_BYTES = 1024 * 1024;

/** Kept with the socket while the actor sleeps. `epoch`: the one it is up to date in; null = it needs a snapshot. */
interface Attachment {
  epoch: string | null;
}

export class FeedReaders {
  readonly #ctx: Pick<DurableContext, 'getWebSockets'>;
  readonly #feed: Feed;
  readonly #snapshot: () => Omit<Snapshot, 'type' | 'epoch' | 'seq'>;

  constructor(
    ctx: Pick<DurableContext, 'getWebSockets'>,
    feed: Feed,
    snapshot: () => Omit<Snapshot, 'type' | 'epoch' | 'seq'>,
  ) {
    this.#ctx = ctx;
    this.#feed = feed;
    this.#snapshot = snapshot;
  }

  /** The first message: answered with the missed frames if they are kept, else with a snapshot. */
  hello(socket: DurableSocket, hello: Hello, now: number): void {
    this.publish(now);
    // Changes from the time without readers are in the snapshot or among the missed frames.
    this.#feed.flush(now);
    const missed =
      hello.epoch !== undefined && hello.seq !== undefined ? this.#feed.since(hello.epoch, hello.seq) : null;
    if (missed === null) return this.#sendSnapshot(socket);
    // A repeated `hello` on a socket that is up to date is a liveness check: answered with an empty update.
    if (missed.length === 0 && hasSaidHello(socket))
      reply(socket, { type: 'update', seq: this.#feed.seq, changes: [] });
    socket.serializeAttachment({ epoch: this.#feed.epoch } satisfies Attachment);
    for (const frame of missed) socket.send(frame);
  }

  /**
   * Sends the next frame to all sockets that are up to date, and a snapshot to those that have caught up.
   * Without sockets, changes stay in the feed.
   * @param now ms since 1970
   * @returns whether a socket still waits for a snapshot
   */
  publish(now: number): boolean {
    const sockets = this.#ctx.getWebSockets().filter(hasSaidHello);
    if (sockets.length === 0) return false;
    let someBehind = false;
    const frame = this.#feed.flush(now);
    for (const socket of sockets) {
      const unsent = socket.bufferedAmount ?? 0;
      if (unsent > TOO_SLOW_BYTES) {
        socket.close(CLOSE.tooSlow, 'too slow');
        continue;
      }
      const { epoch } = attachmentOf(socket)!;
      if (epoch === this.#feed.epoch) {
        if (frame === null) continue;
        if (unsent <= HIGH_WATER_BYTES) socket.send(frame);
        else {
          socket.serializeAttachment({ epoch: null } satisfies Attachment);
          someBehind = true;
        }
      } else if (unsent <= HIGH_WATER_BYTES / 2) {
        this.#sendSnapshot(socket);
      } else {
        someBehind = true;
      }
    }
    return someBehind;
  }

  #sendSnapshot(socket: DurableSocket): void {
    const rest = this.#snapshot();
    const { epoch, seq } = this.#feed;
    socket.serializeAttachment({ epoch } satisfies Attachment);
    reply(socket, { type: 'snapshot', epoch, seq, ...rest });
  }
}

export function reply(socket: DurableSocket, message: ServerMessage): void {
  socket.send(JSON.stringify(message));
}

/** An invalid message with a command id is answered with `reject`; one without closes the socket. */
export function rejectMessage(socket: DurableSocket, text: string | ArrayBuffer, error: SluiceError): void {
  const id = typeof text === 'string' ? /"id"\s*:\s*"([\w.:-]{1,64})"/.exec(text)?.[1] : undefined;
  if (error.code === 'invalid_json' || id === undefined) return socket.close(CLOSE.policy, error.code);
  reply(socket, { type: 'reject', id, error: error.view });
}

export function hasSaidHello(socket: DurableSocket): boolean {
  return attachmentOf(socket) !== null;
}

function attachmentOf(socket: DurableSocket): Attachment | null {
  return socket.deserializeAttachment() as Attachment | null;
}
