/** Which addresses were answered with a file in the last hour, so that a later refusal can be told from a wrong address. Pure. */

const TTL_MS = 60 * 60_000;
const MAX_ADDRESSES = 2000;

export interface Visited {
  session: string | null;
  url: string;
  /** That had the address: without it a server may refuse. */
  page: URL | null;
}

export class AnsweredFiles {
  /** In ms, oldest first. */
  readonly #answered = new Map<string, number>();

  note(visited: Visited, nowMs: number): void {
    const key = keyOf(visited);
    this.#answered.delete(key);
    this.#answered.set(key, nowMs);
    const [oldest] = this.#answered.keys();
    if (this.#answered.size > MAX_ADDRESSES && oldest !== undefined) this.#answered.delete(oldest);
  }

  has(visited: Visited, nowMs: number): boolean {
    const atMs = this.#answered.get(keyOf(visited));
    return atMs !== undefined && nowMs - atMs < TTL_MS;
  }
}

function keyOf({ session, url, page }: Visited): string {
  return `${session ?? ''} ${url} ${page?.href ?? ''}`;
}
