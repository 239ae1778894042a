/** The engines of this server, and which of them to try for an address, in what order. */
import type { Engine, RequestReports, UrlKind } from './engine.ts';
import { SluiceError, toSluiceError, type ErrorCode } from '../protocol/error.ts';
import type { EngineName, EngineStatus, MediaItem, ParseResult } from '../protocol/media.ts';
import type { PageItself } from '../protocol/page-itself.ts';
import { UniqueIds } from '../protocol/unique-ids.ts';
import { rankEngines } from './engine-order.ts';
import { checkUrl } from '../protocol/url.ts';

export interface RegistryOptions {
  engines: Engine[];
  /** `SLUICE_ENGINES`: those that may be used, preferred first. */
  allowed: readonly EngineName[];
  /**
   * One probing request: what is at the address?
   * @throws SluiceError network codes, `address_refused`, `remote_*`
   */
  classify: (url: string, signal: AbortSignal, reports?: RequestReports) => Promise<UrlKind>;
  now?: () => number;
}

interface RegistryParse {
  url: string;
  engine: EngineName | null;
  /** The `next` of an earlier result of the same engine; null or absent = the first page. */
  cursor?: string | null;
  signal: AbortSignal;
  onItems?: (engine: EngineName, items: MediaItem[]) => void;
  onWaiting?: RequestReports['onWaiting'];
}

interface ChooseOptions extends RequestReports {
  /** Of a download that an earlier attempt may have begun. */
  workDir?: string;
  /** A look-up has found a file there: it is not probed, as it may be refused without the cookies or Referer of its page. */
  isListed?: boolean;
}

const LISTED: UrlKind = { kind: 'file', contentType: null, bytes: null };

/** Failures after which another engine is tried. */
const TRY_NEXT_CODES: readonly ErrorCode[] = [
  'too_complex',
  'unsupported_url',
  'no_media',
  'engine_missing',
  'engine_version',
];
/** The most informative of those, in order. */
const INFORMATIVE_CODES: readonly ErrorCode[] = ['too_complex', 'no_media'];
/** Failures of the probe after which an engine with code for the site may still succeed. */
const PROBE_REFUSED_CODES: readonly ErrorCode[] = ['remote_denied', 'remote_status'];

const STATUS_TTL_MS = 60_000;

export class Registry {
  /** The allowed engines, preferred first. */
  readonly #engines: Engine[];
  readonly #options: RegistryOptions;
  #cached: { at: number; statuses: Promise<EngineStatus[]> } | null = null;

  constructor(options: RegistryOptions) {
    const { engines, allowed } = options;
    this.#engines = allowed.flatMap((name) => engines.filter((engine) => engine.name === name));
    this.#options = options;
  }

  /** Whether an engine of this name is allowed here, be it ready or not. */
  has(name: EngineName): boolean {
    return this.#engines.some((engine) => engine.name === name);
  }

  /** Every allowed engine, ready or with what to do about it; cached for 60 s. Never rejects. */
  statuses(): Promise<EngineStatus[]> {
    const cached = this.#cached;
    return cached !== null && this.#now() - cached.at < STATUS_TTL_MS ? cached.statuses : this.refresh();
  }

  /** As `statuses`, not cached. */
  refresh(): Promise<EngineStatus[]> {
    this.#cached = { at: this.#now(), statuses: Promise.all(this.#engines.map(statusOf)) };
    return this.#cached.statuses;
  }

  /**
   * The engines to try for this address, best first, never empty. A requested one, and one that has begun in the work dir,
   * is returned without touching the network.
   * @throws SluiceError `invalid_url`, `unsupported_scheme`, `engine_unknown`, `engine_missing`,
   * `engine_version`, `unsupported_url`, and what the probing request throws
   */
  async choose(
    url: string,
    requested: EngineName | null,
    signal: AbortSignal,
    { workDir, isListed = false, ...reports }: ChooseOptions = {},
  ): Promise<Engine[]> {
    const parsed = checkUrl(url);
    if (requested !== null) return [await this.#requestedEngine(requested)];
    const begun = workDir === undefined ? null : await this.#begunIn(workDir);
    if (begun !== null) return [begun];
    const probed = isListed ? LISTED : this.#probe(url, signal, reports);
    const [statuses, kind] = await Promise.all([this.statuses(), probed]);
    const ready = this.#engines.filter((_, index) => statuses[index]?.state === 'ready');
    if (kind instanceof SluiceError) {
      if (!PROBE_REFUSED_CODES.includes(kind.code)) throw kind;
      const ranked = await rankEngines(ready, parsed, { kind: 'page' }, 'site');
      if (ranked.length === 0) throw kind;
      return ranked;
    }
    const ranked = await rankEngines(ready, parsed, kind, 'generic');
    if (ranked.length > 0) return ranked;
    const needed = kind.kind === 'manifest' && kind.format === 'dash' ? 'yt-dlp' : null;
    const status = statuses.find(({ engine }) => engine === needed);
    if (status && status.state !== 'ready') throw notReady(status);
    throw new SluiceError('unsupported_url');
  }

  /** Tries one engine after the other until one can list the media. @throws SluiceError as `choose` and `Engine.parse` */
  async parse(request: RegistryParse): Promise<ParseResult> {
    const { url, engine: requested, cursor, signal, onItems, onWaiting } = request;
    const failures: unknown[] = [];
    for (const engine of await this.choose(url, requested, signal, { onWaiting })) {
      signal.throwIfAborted();
      try {
        const ids = new UniqueIds();
        const result = await engine.parse({
          url,
          ...{ signal, onWaiting },
          ...(cursor ? { cursor } : {}),
          ...(onItems ? { onItems: (items: MediaItem[]) => onItems(engine.name, ids.assign(items)) } : {}),
        });
        // From the start: the result holds all items again.
        const page = result.page ?? pageIn(failures);
        const items = new UniqueIds().assign(result.items);
        return { ...result, items, ...(page === undefined ? {} : { page }) };
      } catch (thrown) {
        if (signal.aborted || !shouldTryNext(thrown)) throw thrown;
        failures.push(thrown);
      }
    }
    throw withPage(mostInformative(failures), failures);
  }

  /** Nobody of this session is there any more. */
  dropSession(session: string): void {
    for (const engine of this.#engines) engine.dropSession?.(session);
  }

  async #begunIn(workDir: string): Promise<Engine | null> {
    for (const engine of this.#engines) if ((await engine.hasBegun?.(workDir)) === true) return engine;
    return null;
  }

  #now(): number {
    return this.#options.now?.() ?? performance.now();
  }

  async #requestedEngine(name: EngineName): Promise<Engine> {
    const engine = this.#engines.find((candidate) => candidate.name === name);
    if (!engine) throw new SluiceError('engine_unknown', `There is no engine "${name}" here.`);
    const status = (await this.statuses()).find((candidate) => candidate.engine === name);
    if (status?.state === 'ready') return engine;
    throw notReady(status ?? { engine: name, state: 'missing', remedy: '' });
  }

  async #probe(url: string, signal: AbortSignal, reports: RequestReports): Promise<UrlKind | SluiceError> {
    try {
      return await this.#options.classify(url, signal, reports);
    } catch (thrown) {
      signal.throwIfAborted();
      return toSluiceError(thrown);
    }
  }
}

/** Whether the next engine should be tried after this failure. */
export function shouldTryNext(thrown: unknown): boolean {
  return thrown instanceof SluiceError && TRY_NEXT_CODES.includes(thrown.code);
}

/** The failure to report of several engines: one that ends the search, then `too_complex`, `no_media`, then the first. */
export function mostInformative(failures: readonly unknown[]): unknown {
  const coded = failures.filter((failure) => failure instanceof SluiceError);
  const informative = INFORMATIVE_CODES.map((wanted) => coded.find(({ code }) => code === wanted));
  return (
    failures.find((failure) => !shouldTryNext(failure)) ??
    informative.find((failure) => failure !== undefined) ??
    failures[0] ??
    new SluiceError('unsupported_url')
  );
}

/** The page on which an engine found nothing. */
function pageIn(failures: readonly unknown[]): PageItself | undefined {
  for (const failure of failures)
    if (failure instanceof SluiceError && failure.page !== null) return failure.page;
  return undefined;
}

function withPage(failure: unknown, failures: readonly unknown[]): unknown {
  const page = pageIn(failures);
  if (!(failure instanceof SluiceError) || failure.code !== 'no_media' || failure.page !== null)
    return failure;
  return new SluiceError(failure.code, failure.message, { page, cause: failure });
}

async function statusOf(engine: Engine): Promise<EngineStatus> {
  try {
    return await engine.status();
  } catch (thrown) {
    return {
      engine: engine.name,
      state: 'unusable',
      version: null,
      reason: toSluiceError(thrown).message,
      remedy: 'See the log of the server.',
    };
  }
}

function notReady(status: Exclude<EngineStatus, { state: 'ready' }>): SluiceError {
  if (status.state === 'missing') {
    return new SluiceError('engine_missing', `${status.engine} is not installed. ${status.remedy}`.trim());
  }
  return new SluiceError(
    'engine_version',
    `${status.engine} cannot be used: ${status.reason} ${status.remedy}`,
  );
}
