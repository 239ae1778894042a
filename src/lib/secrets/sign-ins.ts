/** Opens the sign-ins of a list for the requests of one job. They are in memory only, and go to their own site alone. */
import type { SiteSignIn, StoredSecret } from '../protocol/secret.ts';
import type { SecretBox } from './secret-box.ts';

export class ListSignIns {
  readonly #box: SecretBox;
  readonly #session: string;
  readonly #stored: readonly [name: string, secret: StoredSecret][];
  /** By origin. */
  readonly #opened = new Map<string, Record<string, string>>();

  /** @param stored of that list */
  constructor(box: SecretBox, session: string, stored: readonly [name: string, secret: StoredSecret][]) {
    this.#box = box;
    this.#session = session;
    this.#stored = stored;
  }

  /**
   * Of several for one header the newest counts.
   * @returns header fields for a request to that address, by names in lower case
   * @throws SluiceError `secret_unreadable`
   */
  headersFor({ origin }: URL): Record<string, string> {
    let headers = this.#opened.get(origin);
    if (headers === undefined) {
      const own = this.#stored.filter(([, { site }]) => site === origin);
      own.sort(([, a], [, b]) => a.updatedAt - b.updatedAt);
      headers = Object.fromEntries(
        own.map(([name, { site, sealed }]) =>
          fieldOf(this.#box.open({ session: this.#session, name, site }, sealed)),
        ),
      );
      this.#opened.set(origin, headers);
    }
    return headers;
  }
}

function fieldOf(signIn: SiteSignIn): [name: string, value: string] {
  if (signIn.kind === 'header') return [signIn.header.toLowerCase(), signIn.value];
  // Source: RFC 7617; UTF-8, as browsers send it.
  const login = Buffer.from(`${signIn.username}:${signIn.password}`).toString('base64');
  return ['authorization', `Basic ${login}`];
}
