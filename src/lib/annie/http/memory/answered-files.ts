/** Which addresses were answered with a file in the last hour, so that a later refusal is not taken for a wrong address. Pure. */
import { SessionAddresses } from './session-addresses.ts';

const TTL_MS = 60 * 60_000;
/** Of all sessions. */
const MAX_ADDRESSES = 2000;

interface Visited {
  session: string | null;
  url: string;
  /** The page that linked to it: without it as Referer a server may refuse. */
  page: URL | null;
}

export class AnsweredFiles {
  /** When, in ms. */
  readonly #answered = new SessionAddresses<number>(MAX_ADDRESSES);

  record(visited: Visited, nowMs: number): void {
    this.#answered.set(visited.session, keyOf(visited), nowMs);
  }

  has(visited: Visited, nowMs: number): boolean {
    const atMs = this.#answered.get(visited.session, keyOf(visited));
    return atMs !== undefined && nowMs - atMs < TTL_MS;
  }
}

function keyOf({ url, page }: Visited): string {
  return `${url} ${page?.href ?? ''}`;
}
