/**
 * SLUICE_AUTH=proxy: a proxy in front signs people in, and names them in a header. That counts from the addresses of the proxy
 * alone; any other sender of the header is refused. A cookie counts only together with the header, and only for the one it names:
 * who signs out at the proxy, or is another there, has no use of the cookie that the browser still has.
 */
import ipaddr from 'ipaddr.js';
import { SluiceError } from '../../protocol/error.ts';
import { checkName, nameKey } from '../../protocol/people.ts';
import { claimsFromBearer, claimsFromCookies } from '../credentials.ts';
import type { AllowedOrigins } from '../origin.ts';
import type { TokenClaims, Tokens } from '../token.ts';

type Range = ReturnType<typeof ipaddr.parseCIDR>;

/** What says which cookies count. */
interface CookieReader {
  tokens: Tokens;
  origins: Pick<AllowedOrigins, 'isSecure'>;
}

export interface ProxiedRequest {
  socket: { remoteAddress?: string | undefined };
  headers: Record<string, string | string[] | undefined>;
  /** As Node has them: name, value, name … */
  rawHeaders?: readonly string[];
}

/** @throws Error naming the first that is no address or range */
export function parseProxies(text: string): Range[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      if (ipaddr.isValidCIDR(part)) return ipaddr.parseCIDR(part);
      if (!ipaddr.isValid(part)) throw new Error(`${JSON.stringify(part)} is no address and no range.`);
      const address = ipaddr.parse(part);
      return [address, address.kind() === 'ipv6' ? 128 : 32] as Range;
    });
}

export class ProxyUser {
  readonly #proxies: readonly Range[];
  readonly #header: string;

  /** @param header in lower case */
  constructor(proxies: readonly Range[], header: string) {
    this.#proxies = proxies;
    this.#header = header;
  }

  /**
   * Call with each request before anything reads its cookies.
   * @throws SluiceError `proxy_refused`
   */
  check(request: ProxiedRequest, edge: CookieReader): void {
    const name = this.nameOf(request);
    const { cookie, host, authorization } = request.headers;
    const isNamed = (person: TokenClaims['person']): boolean =>
      !person || (name !== null && nameKey(person.name) === nameKey(name));
    if (typeof authorization === 'string') {
      const bearer = claimsFromBearer(edge.tokens, authorization);
      // What is in a browser's cookie is no token for programs.
      if (bearer?.kind === 'browser' && !isNamed(bearer.person)) throw new SluiceError('unauthorized');
    }
    if (typeof cookie !== 'string') return;
    // One that nobody has signed in with only says which list may be claimed.
    const person = personOf(cookie, typeof host === 'string' ? host : undefined, edge);
    if (!isNamed(person)) delete request.headers['cookie'];
  }

  /** Who the proxy says it is, once; null = nobody. @throws SluiceError `proxy_refused`, `invalid_request` for what is no name */
  nameOf({ socket, headers, rawHeaders = [] }: ProxiedRequest): string | null {
    const value = headers[this.#header];
    if (value === undefined) return null;
    if (!this.#isProxy(socket.remoteAddress)) throw new SluiceError('proxy_refused');
    // Node joins them: a proxy that adds its own to what the visitor sent would name somebody else.
    if (rawHeaders.filter((text, at) => at % 2 === 0 && text.toLowerCase() === this.#header).length > 1)
      throw new SluiceError(
        'proxy_refused',
        'The name came twice: the proxy has to replace what visitors send.',
      );
    const text = Array.isArray(value) ? value.join(', ') : value;
    // Node reads headers as Latin-1; proxies write UTF-8.
    return text === '' ? null : checkName(Buffer.from(text, 'latin1').toString('utf8'));
  }

  #isProxy(address: string | undefined): boolean {
    const text = address?.replace(/%.*$/, '') ?? '';
    if (!ipaddr.isValid(text)) return false;
    const parsed = ipaddr.process(text);
    return this.#proxies.some(
      (range) => range[0].kind() === parsed.kind() && parsed.match(range as [typeof parsed, number]),
    );
  }
}

/** Nobody where two cookies name a session: none of them counts. */
function personOf(
  cookie: string,
  host: string | undefined,
  { tokens, origins }: CookieReader,
): TokenClaims['person'] {
  try {
    return claimsFromCookies(tokens, cookie, origins.isSecure(host))?.person;
  } catch (thrown) {
    if (thrown instanceof SluiceError && thrown.code === 'two_sessions') return undefined;
    throw thrown;
  }
}
