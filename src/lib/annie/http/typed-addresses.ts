/**
 * Addresses that were typed without a scheme. They become https, and are fetched by http where there is no TLS server. Other
 * https addresses never are. Of this process: after a restart only https is tried. Pure.
 */

const MAX_ADDRESSES = 2_000;

export class TypedAddresses {
  /** By https address. True = there is no TLS. */
  readonly #addresses = new Map<string, boolean>();

  add(url: URL): void {
    if (this.#addresses.has(url.href)) return;
    this.#addresses.set(url.href, false);
    if (this.#addresses.size > MAX_ADDRESSES)
      this.#addresses.delete(this.#addresses.keys().next().value as string);
  }

  /** Where to request it. */
  current(url: URL): URL {
    return this.#addresses.get(url.href) === true ? withoutTls(url) : url;
  }

  /** To be called when no TLS connection came about. Null = nothing else may be tried. */
  fallback(url: URL): URL | null {
    if (this.#addresses.get(url.href) !== false) return null;
    this.#addresses.set(url.href, true);
    return withoutTls(url);
  }
}

function withoutTls(url: URL): URL {
  const plain = new URL(url);
  plain.protocol = 'http:';
  return plain;
}
