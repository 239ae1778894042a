/**
 * How many connections at a time each host allows, for all sessions together. A limit is learnt when a host refuses one
 * download while it serves others, and raised again one by one. With what `HostGate` knows, a host is `open`, `limited(n)` or
 * `away`. Pure: times come from the clock that it is given.
 */
import type { ExtraConnection } from '../annie/engine.ts';
import { dropOldest } from '../protocol/drop-oldest.ts';

/** How long a limit holds before one connection more is tried; twice as long after each try that was refused. */
const RAISE_MS = [300_000, 3_600_000] as const;
/** A limit that no download has met for this long is forgotten. */
const FORGOTTEN_MS = 3_600_000;
/** Hosts whose limit is remembered. */
const MAX_HOSTS = 1_000;
/** A server counts a connection for so long after its end (nginx until the next request, file hosts for seconds). */
const LINGER_MS = 5_000;
/** Downloads that have waited for such an end. */
const MAX_LINGERED = 1_000;

/**
 * What a refusal shows. `limited`: a limit of the host. `own`: a failure of the download itself, or the server is busy.
 * `unclear`: it depends on another download, which has no byte yet.
 */
export type RefusalMeaning = 'limited' | 'own' | 'unclear';

/** A download that has its connection. */
export class HostUse {
  readonly host: string;
  /** Counts up. */
  readonly number: number;
  hasBytes = false;
  readonly extras = new Set<AbortController>();

  constructor(host: string, number: number) {
    this.host = host;
    this.number = number;
  }

  get connections(): number {
    return 1 + this.extras.size;
  }
}

interface Limit {
  connections: number;
  /** The most that were served at a time; `connections` is higher while one more is tried. */
  served: number;
  /** `HostUse.number` of the newest download when it was set: later ones were begun under the limit. */
  setAfter: number;
  /** The download that was refused. */
  setBy: string;
  raiseAt: number;
  raiseAfterMs: number;
  metAt: number;
  /** Nobody begins before. */
  pausedUntil: number;
}

export interface RefusedOptions {
  /** Decide now, even if another download has no byte yet. */
  isFinal?: boolean;
  /** A wrong decision would be for good: the refusal is none that passes, as a 403. */
  isForGood?: boolean;
}

export interface HostLimitsOptions {
  /** ms, monotonic. */
  now: () => number;
  /** A connection has become free, or bytes came, or more is allowed. */
  onChange?: (host: string) => void;
}

export class HostLimits {
  readonly #now: () => number;
  readonly #onChange: (host: string) => void;
  readonly #limits = new Map<string, Limit>();
  readonly #uses = new Map<string, Set<HostUse>>();
  /** When a download that was served ended last, by host. */
  readonly #servedUntil = new Map<string, number>();
  readonly #lingered = new Set<string>();
  #begun = 0;

  constructor({ now, onChange = () => undefined }: HostLimitsOptions) {
    this.#now = now;
    this.#onChange = onChange;
  }

  /** Connections at a time; null = no limit is known. A limit is raised here when it is time. */
  limitOf(host: string): number | null {
    return this.#currentLimit(host)?.connections ?? null;
  }

  #currentLimit(host: string): Limit | null {
    const limit = this.#limits.get(host);
    if (limit === undefined) return null;
    const now = this.#now();
    if (now - limit.metAt > FORGOTTEN_MS) {
      this.#limits.delete(host);
      return null;
    }
    // The next download is the try: if it is refused, the limit is learnt again.
    if (now >= limit.raiseAt && this.connectionsTo(host) >= limit.connections) {
      limit.connections++;
      limit.raiseAt = now + limit.raiseAfterMs;
    }
    return limit;
  }

  /** When one more is tried, on the clock; null = there is no limit. */
  raiseAt(host: string): number | null {
    const limit = this.#limits.get(host);
    if (limit === undefined) return null;
    // Not by the clock, which has gone on since `isFull` found it so.
    const wasPaused = limit.metAt < limit.pausedUntil;
    return wasPaused ? Math.min(limit.pausedUntil, limit.raiseAt) : limit.raiseAt;
  }

  connectionsTo(host: string): number {
    return countConnections(this.#usesOf(host));
  }

  /** Whether one more download has to wait. */
  isFull(host: string): boolean {
    const limit = this.#currentLimit(host);
    if (limit === null) return false;
    const isPaused = this.#now() < limit.pausedUntil;
    if (!isPaused && this.connectionsTo(host) < limit.connections) return false;
    limit.metAt = this.#now();
    return true;
  }

  /** A download begins. */
  begin(host: string): HostUse {
    const use = new HostUse(host, ++this.#begun);
    const uses = this.#uses.get(host);
    if (uses) uses.add(use);
    else this.#uses.set(host, new Set([use]));
    return use;
  }

  /** Bytes of its file came. */
  received(use: HostUse): void {
    if (use.hasBytes) return;
    use.hasBytes = true;
    const limit = this.#limits.get(use.host);
    const served = countConnections(this.#usesOf(use.host).filter(({ hasBytes }) => hasBytes));
    if (limit !== undefined) limit.served = Math.max(limit.served, served);
    this.#onChange(use.host);
  }

  /** Idempotent. */
  end(use: HostUse): void {
    const uses = this.#uses.get(use.host);
    if (uses?.delete(use) !== true) return;
    if (uses.size === 0) this.#uses.delete(use.host);
    if (use.hasBytes) {
      this.#servedUntil.set(use.host, this.#now());
      dropOldest(this.#servedUntil, MAX_HOSTS);
    }
    this.#onChange(use.host);
  }

  /**
   * The server refused a download, or closed its connection before a byte. While others are served that is a limit. A refusal
   * below the known limit is the download's own; if this download had set that limit, the limit was wrong and is dropped. One
   * for good is tried once more when the server no longer counts what has just ended.
   * @param use may have ended
   */
  refused(
    use: HostUse,
    download: string,
    { isFinal = false, isForGood = false }: RefusedOptions = {},
  ): RefusalMeaning {
    const { host, number } = use;
    const others = this.#usesOf(host).filter((other) => other !== use);
    const served = others.filter(({ hasBytes }) => hasBytes);
    // Connections are not made in the order in which downloads begin.
    if (served.length < others.length && !isFinal) return 'unclear';
    const connections = countConnections(served);
    const known = this.#limits.get(host);
    const isBelow = known !== undefined && connections < known.served && number > known.setAfter;
    if (served.length > 0 && !isBelow) {
      this.#learn(host, connections, download);
      return 'limited';
    }
    if (isForGood && this.#pause(host, connections, download)) return 'limited';
    if (isBelow && known.setBy === download && this.#limits.delete(host)) this.#onChange(host);
    return 'own';
  }

  /** Once for each download; false = it has waited, or nothing has ended just now. */
  #pause(host: string, connections: number, download: string): boolean {
    const pausedUntil = (this.#servedUntil.get(host) ?? -Infinity) + LINGER_MS;
    if (this.#now() >= pausedUntil || this.#lingered.has(download)) return false;
    this.#lingered.add(download);
    dropOldest(this.#lingered, MAX_LINGERED);
    this.#learn(host, Math.max(1, connections), download, pausedUntil);
    return true;
  }

  #learn(host: string, connections: number, download: string, pausedUntil = -Infinity): void {
    const known = this.#limits.get(host);
    const now = this.#now();
    const [first, last] = RAISE_MS;
    const raiseAfterMs = known === undefined ? first : Math.min(last, known.raiseAfterMs * 2);
    this.#limits.delete(host);
    this.#limits.set(host, {
      ...{ connections, served: connections, setAfter: this.#begun, setBy: download },
      ...{ raiseAt: now + raiseAfterMs, raiseAfterMs, metAt: now, pausedUntil },
    });
    dropOldest(this.#limits, MAX_HOSTS);
  }

  /** One more connection for a download that has one; null = the host allows no more. */
  openExtra(use: HostUse, download: string): ExtraConnection | null {
    const { host } = use;
    if (this.isFull(host) || this.#uses.get(host)?.has(use) !== true) return null;
    const extra = new AbortController();
    use.extras.add(extra);
    const close = (): void => {
      if (use.extras.delete(extra)) this.#onChange(host);
    };
    return {
      signal: extra.signal,
      close,
      refused: () => {
        close();
        const served = this.connectionsTo(host);
        const known = this.#limits.get(host);
        if (use.hasBytes && (known === undefined || served >= known.served))
          this.#learn(host, served, download);
      },
    };
  }

  /** Ends further connections of downloads, so that `count` downloads get one. Those that are being ended count. */
  yieldExtras(host: string, count: number): void {
    const extras = this.#usesOf(host).flatMap((use) => [...use.extras]);
    const open = extras.filter(({ signal }) => !signal.aborted);
    const ending = extras.length - open.length;
    for (const extra of open.reverse().slice(0, Math.max(0, count - ending))) extra.abort();
  }

  #usesOf(host: string): HostUse[] {
    return [...(this.#uses.get(host) ?? [])];
  }
}

function countConnections(uses: readonly HostUse[]): number {
  return uses.reduce((sum, { connections }) => sum + connections, 0);
}
