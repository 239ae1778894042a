/**
 * Checks Host and Origin before anything else, for every request and every WebSocket upgrade. An unknown Host is DNS
 * rebinding; an unknown Origin is another site's script.
 */
import { SluiceError } from '../protocol/error.ts';

/** Names under which a browser on this machine reaches a server that listens on loopback (or on all addresses). */
const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

/** Safe methods of RFC 9110, section 9.2.1. OPTIONS is served as a preflight alone (`cors.ts`). */
const SAFE_METHODS = new Set(['GET', 'HEAD']);

export interface RequestHead {
  method: string;
  host: string | undefined;
  origin: string | undefined;
  /** Sec-Fetch-Site; scripts cannot set it. */
  fetchSite: string | undefined;
}

/**
 * Whether a page of another origin caused this request, directly or by a redirect. Another port of this host counts:
 * it is the same site to the browser, and gets the same cookies, but it is another origin.
 * @param fetchSite Sec-Fetch-Site; absent from programs, and from browsers over plain http to other machines
 */
export function isCrossOrigin(fetchSite: string | null | undefined): boolean {
  return fetchSite != null && fetchSite !== 'same-origin' && fetchSite !== 'none';
}

export class AllowedOrigins {
  /** By the Host header of requests to it. */
  readonly #byHost = new Map<string, URL>();
  readonly #origins = new Set<string>();

  /**
   * @param host the address that the server listens on
   * @param port the port that it got
   * @param origins further origins (SLUICE_ORIGINS), such as a reverse proxy's
   */
  constructor(host: string, port: number, origins: readonly string[]) {
    for (const name of [...LOOPBACK_NAMES, ...loopbackAddress(host)]) this.#allow(`http://${name}:${port}`);
    for (const origin of origins) this.#allow(origin);
  }

  /**
   * @param mayBeForeign the request is authorized by something that a browser does not send by itself
   * @throws SluiceError `forbidden_host`, `forbidden_origin`
   */
  check({ method, host, origin, fetchSite }: RequestHead, mayBeForeign = false): void {
    if (host === undefined || !this.#byHost.has(host.toLowerCase())) throw new SluiceError('forbidden_host');
    if (!SAFE_METHODS.has(method) && !mayBeForeign) this.#checkOrigin(origin, fetchSite);
  }

  /** The same-origin policy does not cover WebSockets, so Origin is checked although the upgrade is a GET. */
  checkUpgrade(head: RequestHead): void {
    this.check(head);
    this.#checkOrigin(head.origin, head.fetchSite);
  }

  /** Whether a browser that sends this Host uses https (through a proxy that SLUICE_ORIGINS names). */
  isSecure(host: string | undefined): boolean {
    return this.#byHost.get(host?.toLowerCase() ?? '')?.protocol === 'https:';
  }

  /** As a browser writes it that sends this Host. @throws SluiceError `forbidden_host` */
  originOf(host: string | undefined): string {
    const url = this.#byHost.get(host?.toLowerCase() ?? '');
    if (url === undefined) throw new SluiceError('forbidden_host');
    return url.origin;
  }

  /** Browsers send Origin with every unsafe request; old ones that do not may send Sec-Fetch-Site. */
  #checkOrigin(origin: string | undefined, fetchSite: string | undefined): void {
    const isForeign = origin === undefined ? isCrossOrigin(fetchSite) : !this.#origins.has(origin);
    if (isForeign) throw new SluiceError('forbidden_origin');
  }

  #allow(origin: string): void {
    const url = new URL(origin);
    this.#origins.add(url.origin);
    this.#byHost.set(url.host, url);
    // A Host header may spell out the default port; an Origin never does.
    if (url.port === '') this.#byHost.set(`${url.host}:${url.protocol === 'https:' ? 443 : 80}`, url);
  }
}

/** Allows another loopback address of SLUICE_HOST. An address that other machines can reach must be in SLUICE_ORIGINS. */
function loopbackAddress(host: string): string[] {
  return /^127(\.\d{1,3}){3}$/.test(host) ? [host] : [];
}
