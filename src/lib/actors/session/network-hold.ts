/**
 * While there is no network, a session gives no more slots: its queued downloads would come to nothing one by one. What
 * waits for the network, or for a host that is back, goes on a few at a time.
 */
import type { Totals } from '../../protocol/download.ts';
import type { RunnerFailure } from '../../protocol/runner.ts';
import { isLocalHost } from '../../protocol/local-host.ts';
import { authorityOf, hostnameOf } from '../../protocol/unreachable.ts';
import type { DownloadRow } from '../download/row.ts';
import type { DurableKv } from '../durable/types.ts';
import type { Deadlines } from './deadlines.ts';
import { QueueScan } from './queue-scan.ts';
import type { SessionStore } from './store.ts';

/** As stored, so that a session that was evicted meanwhile holds too. */
interface Hold {
  /** When the network was first found away, ms since 1970. */
  since: number;
  /** Until then no slots are given, ms since 1970: `AFTER_MS` after the downloads that wait try again. */
  until: number;
  /** When it was set, ms since 1970: a clock that says less was set back. */
  at: number;
  /** As `authorityOf`: those that were tried; null = every host but those of the own network. */
  hosts: string[] | null;
}

const KEY = 'hold';
const DEADLINE = 'network';
/** After the downloads that wait: they are the oldest of the queue then, and the first to be tried. */
const AFTER_MS = 500;
/**
 * Hosts that are remembered as tried; more are every host. With 16, a hundred lists of names whose server is silent made 500
 * attempts a second, each refused at once, and an acknowledgement to another took a quarter longer.
 */
const MAX_HOSTS = 5;
/** Waiting downloads of one turn: each is five writes. */
const BATCH = 12;

interface NetworkHoldParts {
  kv: DurableKv;
  store: SessionStore;
  deadlines: Deadlines;
  now: () => number;
  /** Ends the wait of a download. */
  release: (row: DownloadRow) => void;
}

export class NetworkHold {
  readonly #parts: NetworkHoldParts;
  readonly #queue: QueueScan;
  #hold: Hold | null;
  /** What is being released: hosts (null = all that wait), and where the next page of rows begins. */
  #releasing: { host: string | null; beforeN: number | null }[] = [];

  constructor(parts: NetworkHoldParts) {
    this.#parts = parts;
    this.#queue = new QueueScan(parts.store);
    this.#hold = parts.kv.get<Hold>(KEY) ?? null;
  }

  /**
   * A download of `url` failed with `network_down` or `network_login`.
   * @param dueAt when it tries again, ms since 1970
   */
  networkDown({ away }: RunnerFailure, url: string, dueAt: number): void {
    const at = this.#parts.now();
    const before = this.#hold;
    // Where the clock was set back, it would hold that much longer.
    const heldUntil = before === null || this.#isOver(before) ? 0 : before.until;
    const until = Math.max(heldUntil, dueAt + AFTER_MS);
    const tried = [...new Set([...(before?.hosts ?? []), authorityOf(url) ?? ''])];
    const isWide = away?.everyone === true && !isLocal(away.host);
    const isEveryones = isWide || before?.hosts === null || tried.length > MAX_HOSTS;
    const since = Math.min(before?.since ?? Infinity, away?.since ?? at);
    this.#hold = { since, until, at, hosts: isEveryones ? null : tried };
    this.#parts.kv.put(KEY, this.#hold);
    if (until > heldUntil) this.#parts.deadlines.set(DEADLINE, until);
  }

  /** A host can be reached again; null = the network can. */
  reachable(host: string | null): void {
    if (host === null) this.#end();
    if (this.#parts.store.counts.waiting === 0) return;
    this.#releasing.push({ host, beforeN: null });
    // In this very turn: they are older than the queue, whose turn it would be at its end.
    this.releaseSome();
  }

  /** An attempt was let through: once the time is over, that says that the network is back. */
  attemptBegan(): void {
    if (this.#hold !== null && this.#isOver(this.#hold)) this.#end();
  }

  /** For readers of the list; null = there is a network, or nothing is left to fetch. What waits is queued at each try. */
  get shown(): Required<Totals>['network'] | null {
    const { waiting, queued, parse, download } = this.#parts.store.counts;
    if (this.#hold === null || waiting + queued + parse + download === 0) return null;
    const { since, until } = this.#hold;
    return { since: new Date(since).toISOString(), retryAt: new Date(until - AFTER_MS).toISOString() };
  }

  #isOver({ until, at }: Hold): boolean {
    const now = this.#parts.now();
    return now >= until || now < at;
  }

  #end(): void {
    if (this.#hold === null) return;
    this.#hold = null;
    this.#parts.kv.delete(KEY);
  }

  /** More is to be released than one turn could: `releaseSome` is to be called again. */
  get isReleasing(): boolean {
    return this.#releasing.length > 0;
  }

  get isBehind(): boolean {
    return this.isReleasing || this.isScanning;
  }

  /** The last `next` could not check all rows: another turn continues, after a pause, as it has nothing to commit. */
  get isScanning(): boolean {
    return this.#queue.isBehind;
  }

  releaseSome(): void {
    const [first] = this.#releasing;
    if (first === undefined) return;
    const { rows, nextN } = this.#parts.store.page(['waiting'], BATCH, first.beforeN);
    if (nextN === null) this.#releasing.shift();
    else first.beforeN = nextN;
    for (const row of rows) {
      const { away } = row;
      if (away && (first.host === null || away.host === first.host)) this.#parts.release(row);
    }
  }

  /**
   * The queued downloads that may be given a slot, oldest first, at most `count`.
   * @param taken those that were given one and are still stored as queued
   * @param full hosts that take no more connections
   */
  next(count: number, taken: ReadonlyMap<string, unknown>, full: readonly string[] = []): DownloadRow[] {
    this.#queue.isBehind = false;
    if (count <= 0) return [];
    const away = this.#closedHosts();
    const closed = new Set([...(away ?? []), ...full]);
    if (away !== null) return this.#queue.next(count, taken, closed);
    const has = (host: string): boolean => closed.has(host) || !isLocal(host);
    return this.#queue.next(count, taken, { has, size: Infinity });
  }

  /** Hosts that are not worth a try now; null = none is. */
  #closedHosts(): string[] | null {
    return this.#hold === null || this.#isOver(this.#hold) ? [] : this.#hold.hosts;
  }
}

function isLocal(authority: string): boolean {
  return isLocalHost(hostnameOf(authority));
}
