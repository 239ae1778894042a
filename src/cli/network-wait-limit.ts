/** `sluice get` is waited for by a person or a script: it gives up where a server would go on waiting. */
import type { DownloadView } from '#lib/protocol/download.ts';
import { isAway } from '#lib/protocol/unreachable.ts';

const NETWORK_WAIT_MS = 120_000;

/** Runs out when a download waits for the network or its host, and none gets any further. */
export class NetworkWaitLimit {
  readonly #onEnd: () => void;
  readonly #patienceMs: number;
  readonly #bytes = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(onEnd: () => void, patienceMs = NETWORK_WAIT_MS) {
    this.#onEnd = onEnd;
    this.#patienceMs = patienceMs;
  }

  /** A row as it is now. A try that comes to nothing changes nothing. */
  follow({ id, state, receivedBytes, error }: DownloadView): void {
    const hasMoved = receivedBytes > (this.#bytes.get(id) ?? 0);
    this.#bytes.set(id, receivedBytes);
    if (hasMoved || state === 'complete') this.stop();
    else if (state === 'waiting' && error !== null && isAway(error)) {
      this.#timer ??= setTimeout(this.#onEnd, this.#patienceMs);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
