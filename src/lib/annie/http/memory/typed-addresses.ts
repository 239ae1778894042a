/**
 * Addresses that were typed without a scheme. They become https, and are fetched by http where there is no TLS server, for the
 * session that typed them. Other https addresses never are. Of this process: after a restart only https is tried. Pure.
 */
import { SessionAddresses } from './session-addresses.ts';

/** Of all sessions. */
const MAX_ADDRESSES = 2_000;

export class TypedAddresses {
  /** By https address. True = there is no TLS. */
  readonly #addresses = new SessionAddresses<boolean>(MAX_ADDRESSES);
  readonly #caller: () => string | null;

  /** @param caller the session for which the current code runs; null = none */
  constructor(caller: () => string | null) {
    this.#caller = caller;
  }

  add(url: URL, session: string): void {
    if (this.#addresses.get(session, url.href) === undefined) this.#addresses.set(session, url.href, false);
  }

  /** Where to request it: `url` itself unless http has answered instead. */
  current(url: URL): URL {
    return this.#addresses.get(this.#caller(), url.href) === true ? withoutTls(url) : url;
  }

  /** Where to request it when no TLS connection came about. Null = nothing else may be tried. */
  fallback(url: URL): URL | null {
    return this.#addresses.get(this.#caller(), url.href) === undefined ? null : withoutTls(url);
  }

  /** To be called when no TLS connection came about, and http has answered. */
  recordPlain(url: URL): void {
    const session = this.#caller();
    if (this.#addresses.get(session, url.href) !== undefined) this.#addresses.set(session, url.href, true);
  }
}

function withoutTls(url: URL): URL {
  const plain = new URL(url);
  plain.protocol = 'http:';
  return plain;
}
