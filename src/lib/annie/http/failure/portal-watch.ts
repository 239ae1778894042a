/**
 * A captive portal answers every address of http with its page. From one server that is what the server says; the same from
 * servers of unlike sites, within half a minute, is a portal. Where nothing else is under way, one that has sent a file lately is
 * asked. Pure.
 */
import { dropOldest } from '../../../protocol/drop-oldest.ts';
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

export type PageAt = (url: string, signal: AbortSignal) => Promise<SentPage | null>;

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
/** A server that sent a file within this time is asked for its front page. */
const SERVED_MS = 3_600_000;
const ASK_MS = 5_000;
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
  /** Sites that sent a file over http, the last one at the end. */
  readonly #served = new Map<string, { front: string; at: number }>();
  #asked: { at: number; answer: Promise<void> } | null = null;

  /** @param now ms, monotonic */
  constructor({ now = () => performance.now(), heldMs = HELD_MS } = {}) {
    this.#now = now;
    this.#heldMs = heldMs;
  }

  /**
   * Runs what asks for a file.
   * @param pageAt requests the page at an address; null = no page. Null: what is asked for may be a page
   * @throws what it throws, or AwayError `network_login` where that is a portal's doing
   */
  async watch<T>(
    url: string,
    work: () => Promise<T>,
    pageAt: PageAt | null,
    signal: AbortSignal,
  ): Promise<T> {
    const asked = URL.parse(url);
    if (asked?.protocol !== 'http:') return work();
    const job = {};
    const site = siteOf(asked);
    this.#underWay.set(job, site);
    try {
      const result = await work();
      if (pageAt !== null) this.#recordServed(site, asked);
      return result;
    } catch (thrown) {
      signal.throwIfAborted();
      const page = await pageOf(thrown, url, pageAt, signal);
      signal.throwIfAborted();
      this.#end(job);
      const sighting = page && { ...page, site, at: this.#now(), isPortal: false };
      if (sighting === null || !(await this.#isPortal(sighting, pageAt))) throw thrown;
      throw portalError(authorityOf(url) ?? '', true);
    } finally {
      this.#end(job);
    }
  }

  async #isPortal(sighting: Sighting, pageAt: PageAt | null): Promise<boolean> {
    const from = this.#now() - TOGETHER_MS;
    const knownFrom = this.#now() - KNOWN_MS;
    this.#seen = this.#seen.filter(({ at, isPortal }) => at >= (isPortal ? knownFrom : from)).slice(-MOST);
    this.#seen.push(sighting);
    const startedAt = this.#now();
    let hasAsked = false;
    for (;;) {
      const same = this.#seen.filter((other) => other !== sighting && isSame(other, sighting));
      if (same.some(({ site, isPortal }) => isPortal || site !== sighting.site)) {
        for (const one of [sighting, ...same]) one.isPortal = true;
        this.#recheckAll();
        return true;
      }
      const hasOthers = [...this.#underWay.values()].some((site) => site !== sighting.site);
      const left = startedAt + (hasOthers ? this.#heldMs : LEAST_HELD_MS) - this.#now();
      if (left <= 0 && (hasAsked || pageAt === null)) return false;
      if (left > 0) await this.#change(left);
      else if (pageAt !== null) {
        hasAsked = true;
        await this.#askAnother(sighting.site, pageAt);
      }
      if (sighting.isPortal) return true;
    }
  }

  #recordServed(site: string, { origin }: URL): void {
    this.#served.delete(site);
    this.#served.set(site, { front: `${origin}/`, at: this.#now() });
    dropOldest(this.#served, MOST);
  }

  /** Once in half a minute: its answer counts as long. */
  #askAnother(site: string, pageAt: PageAt): Promise<void> {
    const now = this.#now();
    if (this.#asked !== null && now - this.#asked.at < TOGETHER_MS) return this.#asked.answer;
    const other = [...this.#served].findLast(([one, { at }]) => one !== site && now - at < SERVED_MS);
    if (other === undefined) return Promise.resolve();
    const [otherSite, { front }] = other;
    const ask = async (): Promise<void> => {
      const page = await frontPage(front, pageAt);
      if (page !== null) this.#seen.push({ ...page, site: otherSite, at: this.#now(), isPortal: false });
    };
    this.#asked = { at: now, answer: ask() };
    return this.#asked.answer;
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

async function pageOf(
  thrown: unknown,
  url: string,
  pageAt: PageAt | null,
  signal: AbortSignal,
): Promise<SentPage | null> {
  // Its page is at an address that may not be asked.
  if (thrown instanceof RedirectRefused)
    return thrown.from.protocol === 'http:' ? { url: thrown.to, title: null, bytes: 0 } : null;
  if (pageAt === null || !(thrown instanceof SluiceError) || !CODES.includes(thrown.code)) return null;
  return pageAt(url, signal).catch(() => null);
}

async function frontPage(url: string, pageAt: PageAt): Promise<SentPage | null> {
  const signal = AbortSignal.timeout(ASK_MS);
  try {
    return await pageAt(url, signal);
  } catch (thrown) {
    return pageOf(thrown, url, null, signal);
  }
}

/** The same page, or pages at one host that neither was asked. */
function isSame(one: Sighting, other: Sighting): boolean {
  const isElsewhere = siteOf(one.url) !== one.site && siteOf(other.url) !== other.site;
  if (isElsewhere && one.url.hostname === other.url.hostname) return true;
  const most = one.title === null ? 0 : Math.max(ALIKE_BYTES, ALIKE * Math.max(one.bytes, other.bytes));
  const isAlike = one.title === other.title && Math.abs(one.bytes - other.bytes) <= most;
  return one.bytes > 0 && other.bytes > 0 && isAlike;
}
