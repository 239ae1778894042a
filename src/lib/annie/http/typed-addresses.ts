/**
 * Addresses that were typed without a scheme. They become https, and are fetched by http where there is no TLS server, for the
 * session that typed them. Other https addresses never are. Of this process: after a restart only https is tried. Pure.
 */

const MAX_ADDRESSES = 2_000;

export class TypedAddresses {
  /** By session and https address. True = there is no TLS. */
  readonly #addresses = new Map<string, boolean>();
  readonly #caller: () => string | null;

  /** @param caller the session for which the current code runs; null = none */
  constructor(caller: () => string | null) {
    this.#caller = caller;
  }

  add(url: URL, session: string): void {
    const key = keyOf(url, session);
    if (this.#addresses.has(key)) return;
    this.#addresses.set(key, false);
    if (this.#addresses.size > MAX_ADDRESSES)
      this.#addresses.delete(this.#addresses.keys().next().value as string);
  }

  /** Where to request it. */
  current(url: URL): URL {
    return this.#addresses.get(keyOf(url, this.#caller())) === true ? withoutTls(url) : url;
  }

  /** To be called when no TLS connection came about. Null = nothing else may be tried. */
  fallback(url: URL): URL | null {
    const key = keyOf(url, this.#caller());
    if (this.#addresses.get(key) !== false) return null;
    this.#addresses.set(key, true);
    return withoutTls(url);
  }
}

function keyOf(url: URL, session: string | null): string {
  return `${session ?? ''} ${url.href}`;
}

function withoutTls(url: URL): URL {
  const plain = new URL(url);
  plain.protocol = 'http:';
  return plain;
}
