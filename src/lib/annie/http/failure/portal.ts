/**
 * Portals, such as hotels', that answer in place of a server until somebody has logged in. They cannot speak for a server of
 * https, so that a page of one is its own. Pure.
 */
import { SluiceError } from '../../../protocol/error.ts';
import { authorityOf, AwayError } from '../../../protocol/unreachable.ts';
import { contentTypeOf, type Head } from '../head/head.ts';

const RETRY_MS = 30_000;

/** A page came where the rest of a file was asked for. */
export class PageInstead extends SluiceError {
  readonly asked: URL | null;
  readonly answered: URL;

  /** @param answered after redirects */
  constructor(asked: string, answered: URL) {
    super('login_required', 'The server sent a page where the rest of the file was asked for.');
    this.asked = URL.parse(asked);
    this.answered = answered;
  }
}

/** `address_refused` of an address to which another redirects. */
export class RedirectRefused extends SluiceError {
  /** Of the one that redirects. */
  readonly from: URL;
  readonly to: URL;

  constructor(from: URL, to: URL, cause: SluiceError) {
    super('address_refused', cause.message, { cause });
    this.from = from;
    this.to = to;
  }
}

/** @param everyone no other host is worth a try either */
export function portalError(host: string, everyone: boolean, nowMs = Date.now()): AwayError {
  const message = `A login page answered in place of ${host === '' ? 'the server' : host}; next try in 30 s.`;
  const away = { since: nowMs, host, ...(everyone ? { everyone: true as const } : {}) };
  return new AwayError('network_login', message, away, { retryAfterMs: RETRY_MS });
}

/** What a failure means for a file of which bytes are on the disk: a portal's doing, or itself. */
export function explainAsPortal(thrown: unknown, url: string): unknown {
  const host = authorityOf(url) ?? '';
  if (thrown instanceof PageInstead) {
    const { asked, answered } = thrown;
    const isPortal = asked?.protocol === 'http:' && siteOf(asked) !== siteOf(answered);
    return isPortal ? portalError(host, false) : thrown;
  }
  if (thrown instanceof RedirectRefused)
    return thrown.from.protocol === 'http:' ? portalError(host, true) : thrown;
  // It had one that could be trusted.
  if (thrown instanceof SluiceError && thrown.code === 'tls_failed') return portalError(host, false);
  return thrown;
}

/**
 * Refuses a page of another site in place of a part of a stream whose media is known.
 * @throws AwayError `network_login`
 */
export function refusePortal(asked: string, { url, head }: { url: URL; head: Head }): void {
  if (contentTypeOf(head) === 'text/html') refusePage(asked, url);
}

/** The same of what is known to be a page. @throws AwayError `network_login` */
export function refusePage(asked: string, answered: URL): void {
  const meaning = explainAsPortal(new PageInstead(asked, answered), asked);
  if (meaning instanceof AwayError) throw meaning;
}

/**
 * The last two labels of a name: where that is too little, such as `co.uk`, two sites are taken for one. The list of public
 * suffixes (tldts) would be 5–12 MB of memory in every server for that.
 */
export function siteOf({ hostname }: URL): string {
  const isAddress = hostname.startsWith('[') || /^[\d.]+$/.test(hostname);
  return isAddress ? hostname : hostname.split('.').slice(-2).join('.');
}
