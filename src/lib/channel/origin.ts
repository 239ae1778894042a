/**
 * Which host names this server answers to, and which sites may make a browser talk to it. A foreign Host is DNS
 * rebinding; a foreign Origin is another site's script. Both are checked before anything else, for every request
 * and before each WebSocket upgrade.
 */
import { SluiceError } from '../protocol/error.ts';

/** Under these names a browser on this machine reaches a server that listens on loopback (or on all addresses). */
const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

/** Methods that change nothing: RFC 9110, section 9.2.1. OPTIONS is not served at all. */
const SAFE_METHODS = new Set(['GET', 'HEAD']);

export interface RequestHead {
  method: string;
  host: string | undefined;
  origin: string | undefined;
  /** Sec-Fetch-Site, which scripts cannot set. */
  fetchSite: string | undefined;
}

/**
 * Whether a page of another origin made the browser send this, or one that it passed through on the way here. Another
 * port of this host is the same site, and another origin all the same: cookies know no port.
 * @param fetchSite Sec-Fetch-Site; a browser sends none over plain http to other machines, nor does a program
 */
export function isFromElsewhere(fetchSite: string | null | undefined): boolean {
  return fetchSite != null && fetchSite !== 'same-origin' && fetchSite !== 'none';
}

export class Gatekeeper {
  /** Origin by the Host that its requests carry. */
  readonly #byHost = new Map<string, URL>();
  readonly #origins = new Set<string>();

  /**
   * @param host what the server listens on, @param port the real port
   * @param origins further origins (SLUICE_ORIGINS), for example of a reverse proxy
   */
  constructor(host: string, port: number, origins: readonly string[]) {
    for (const name of [...LOOPBACK_NAMES, ...ownAddress(host)]) this.#allow(`http://${name}:${port}`);
    for (const origin of origins) this.#allow(origin);
  }

  /** @throws SluiceError `forbidden_host`, `forbidden_origin` */
  check({ method, host, origin, fetchSite }: RequestHead): void {
    if (host === undefined || !this.#byHost.has(host.toLowerCase())) throw new SluiceError('forbidden_host');
    if (!SAFE_METHODS.has(method)) this.#checkOrigin(origin, fetchSite);
  }

  /** A WebSocket is not under the same-origin rule, though its request is a GET: the Origin always counts. */
  checkUpgrade(head: RequestHead): void {
    this.check(head);
    this.#checkOrigin(head.origin, head.fetchSite);
  }

  /** Whether a browser that sends this Host came over https (through a proxy that SLUICE_ORIGINS names). */
  isSecure(host: string | undefined): boolean {
    return this.#byHost.get(host?.toLowerCase() ?? '')?.protocol === 'https:';
  }

  /** Browsers send Origin with all that can change something; what sends none is not a browser. */
  #checkOrigin(origin: string | undefined, fetchSite: string | undefined): void {
    const foreign = origin === undefined ? isFromElsewhere(fetchSite) : !this.#origins.has(origin);
    if (foreign) throw new SluiceError('forbidden_origin');
  }

  #allow(origin: string): void {
    const url = new URL(origin);
    this.#origins.add(url.origin);
    this.#byHost.set(url.host, url);
    // The default port may be spelled out in a Host header, though never in an Origin.
    if (url.port === '') this.#byHost.set(`${url.host}:${url.protocol === 'https:' ? 443 : 80}`, url);
  }
}

/** Another loopback address that was asked for by SLUICE_HOST is ours too; one that others reach has to be named. */
function ownAddress(host: string): string[] {
  return /^127(\.\d{1,3}){3}$/.test(host) ? [host] : [];
}
