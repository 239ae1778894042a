/**
 * A captive portal answers every address of http with its page. From one server that is what the server says; the same from
 * servers of unlike sites, within half a minute, is a portal. Pure.
 */
import { SluiceError } from '../../../protocol/error.ts';
import { authorityOf } from '../../../protocol/unreachable.ts';
import { portalError, RedirectRefused, siteOf } from './portal.ts';

/** What was sent in place of a file. */
export interface SentPage {
  /** After redirects. */
  url: URL;
  title: string | null;
  bytes: number;
}

/** Pages as close as this are compared. */
const TOGETHER_MS = 30_000;
/** A failure waits this long for those that are under way: three slots begin at once, and no server answers at once. */
const HELD_MS = 3_000;
/** A portal is known for as long after its last page; what waits for it tries each half minute. */
const KNOWN_MS = 600_000;
/** And this long in any case: others begin a moment later. */
const LEAST_HELD_MS = 100;
/** What a portal adds to its page for each address, as a part of it and in bytes. */
const ALIKE = 0.1;
const ALIKE_BYTES = 256;
const CODES: readonly string[] = ['login_required', 'no_media', 'stream_not_found'];
const MOST = 100;

interface Sighting extends SentPage {
  site: string;
  at: number;
  isPortal: boolean;
}

export class PortalWatch {
  readonly #now: () => number;
  readonly #heldMs: number;
  #seen: Sighting[] = [];
  /** Jobs under way, by the site that they ask over http. */
  readonly #underWay = new Map<object, string>();
  #waiting = new Set<() => void>();

  /** @param now ms, monotonic */
  constructor({ now = () => performance.now(), heldMs = HELD_MS } = {}) {
    this.#now = now;
    this.#heldMs = heldMs;
  }

  /**
   * Runs what asks for a file.
   * @param pageAt requests the page again; null = no page
   * @throws what it throws, or AwayError `network_login` where that is a portal's doing
   */
  async watch<T>(
    url: string,
    work: () => Promise<T>,
    pageAt: () => Promise<SentPage | null>,
    signal: AbortSignal,
  ): Promise<T> {
    const asked = URL.parse(url);
    if (asked?.protocol !== 'http:') return work();
    const job = {};
    const site = siteOf(asked);
    this.#underWay.set(job, site);
    try {
      return await work();
    } catch (thrown) {
      signal.throwIfAborted();
      const page = await pageOf(thrown, pageAt);
      signal.throwIfAborted();
      this.#end(job);
      if (page === null || !(await this.#isPortal({ ...page, site, at: this.#now(), isPortal: false })))
        throw thrown;
      throw portalError(authorityOf(url) ?? '', true);
    } finally {
      this.#end(job);
    }
  }

  async #isPortal(sighting: Sighting): Promise<boolean> {
    const from = this.#now() - TOGETHER_MS;
    const knownFrom = this.#now() - KNOWN_MS;
    this.#seen = this.#seen.filter(({ at, isPortal }) => at >= (isPortal ? knownFrom : from)).slice(-MOST);
    this.#seen.push(sighting);
    const startedAt = performance.now();
    for (;;) {
      const same = this.#seen.filter((other) => other !== sighting && isSame(other, sighting));
      if (same.some(({ site, isPortal }) => isPortal || site !== sighting.site)) {
        for (const one of [sighting, ...same]) one.isPortal = true;
        this.#recheckAll();
        return true;
      }
      const hasOthers = [...this.#underWay.values()].some((site) => site !== sighting.site);
      const left = startedAt + (hasOthers ? this.#heldMs : LEAST_HELD_MS) - performance.now();
      if (left <= 0) return false;
      await this.#change(left);
      if (sighting.isPortal) return true;
    }
  }

  #end(job: object): void {
    if (this.#underWay.delete(job)) this.#recheckAll();
  }

  #change(mostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, mostMs);
      this.#waiting.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #recheckAll(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const recheck of waiting) recheck();
  }
}

async function pageOf(thrown: unknown, pageAt: () => Promise<SentPage | null>): Promise<SentPage | null> {
  // Its page is at an address that may not be asked.
  if (thrown instanceof RedirectRefused)
    return thrown.from.protocol === 'http:' ? { url: thrown.to, title: null, bytes: 0 } : null;
  if (!(thrown instanceof SluiceError) || !CODES.includes(thrown.code)) return null;
  return pageAt().catch(() => null);
}

/** The same page, or pages at one host that neither was asked. */
function isSame(one: Sighting, other: Sighting): boolean {
  const isElsewhere = siteOf(one.url) !== one.site && siteOf(other.url) !== other.site;
  if (isElsewhere && one.url.hostname === other.url.hostname) return true;
  const most = one.title === null ? 0 : Math.max(ALIKE_BYTES, ALIKE * Math.max(one.bytes, other.bytes));
  const isAlike = one.title === other.title && Math.abs(one.bytes - other.bytes) <= most;
  return one.bytes > 0 && other.bytes > 0 && isAlike;
}
