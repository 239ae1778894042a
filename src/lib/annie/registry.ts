/** Which engines there are, and which of them is asked for an address, in what order. */
import type { Engine, UrlKind } from './engine.ts';
import { SluiceError, toSluiceError, type ErrorCode } from '../protocol/error.ts';
import type { EngineName, EngineStatus, MediaItem, ParseResult } from '../protocol/media.ts';
import { rankEngines } from './engine-order.ts';
import { checkUrl } from '../protocol/url.ts';

export interface RegistryOptions {
  engines: Engine[];
  /** `SLUICE_ENGINES`: those that may be used, preferred first. */
  allowed: readonly EngineName[];
  /** One probing request: what is at the address? @throws SluiceError network codes, `address_refused`, `remote_*` */
  classify: (url: string, signal: AbortSignal) => Promise<UrlKind>;
  /** ms for which an engine's status is believed. */
  statusTtlMs?: number;
  now?: () => number;
}

export interface RegistryParse {
  url: string;
  engine: EngineName | null;
  signal: AbortSignal;
  onItems?: (engine: EngineName, items: MediaItem[]) => void;
}

export interface Registry {
  /** Every allowed engine, ready or with what to do about it; asked anew after 60 s. Never rejects. */
  statuses(): Promise<EngineStatus[]>;
  /** As `statuses`, asked anew now. */
  refresh(): Promise<EngineStatus[]>;
  /**
   * The engines to try for this address, best first, never empty. A requested one is taken at its word, without
   * touching the network.
   * @throws SluiceError `invalid_url`, `unsupported_scheme`, `engine_unknown`, `engine_missing`,
   * `engine_version`, `unsupported_url`, and whatever the probing request met
   */
  choose(url: string, requested: EngineName | null, signal: AbortSignal): Promise<Engine[]>;
  /** Asks one after the other until one can list what is there. @throws SluiceError as `choose` and `Engine.parse` */
  parse(request: RegistryParse): Promise<ParseResult>;
}

/** What an engine says when it is not the one to ask: the next may know better. */
const CANNOT: readonly ErrorCode[] = [
  'too_complex',
  'unsupported_url',
  'no_media',
  'engine_missing',
  'engine_version',
];
/** Of those, what tells a person most. */
const TELLING: readonly ErrorCode[] = ['too_complex', 'no_media'];
/** A probe so refused may be a shop window that only lets in who knows the site. */
const SITE_MAY_KNOW: readonly ErrorCode[] = ['remote_denied', 'remote_status'];

const STATUS_TTL_MS = 60_000;

export function createRegistry(options: RegistryOptions): Registry {
  const { classify, statusTtlMs = STATUS_TTL_MS, now = () => performance.now() } = options;
  const engines = options.allowed.flatMap((name) => options.engines.filter((engine) => engine.name === name));
  let cached: { at: number; statuses: Promise<EngineStatus[]> } | null = null;

  function refresh(): Promise<EngineStatus[]> {
    cached = { at: now(), statuses: Promise.all(engines.map(statusOf)) };
    return cached.statuses;
  }

  function statuses(): Promise<EngineStatus[]> {
    return cached !== null && now() - cached.at < statusTtlMs ? cached.statuses : refresh();
  }

  async function requestedEngine(name: EngineName): Promise<Engine> {
    const engine = engines.find((candidate) => candidate.name === name);
    if (!engine) throw new SluiceError('engine_unknown', `There is no engine "${name}" here.`);
    const status = (await statuses()).find((candidate) => candidate.engine === name);
    if (status?.state === 'ready') return engine;
    throw notReady(status ?? { engine: name, state: 'missing', remedy: '' });
  }

  async function choose(url: string, requested: EngineName | null, signal: AbortSignal): Promise<Engine[]> {
    const parsed = checkUrl(url);
    if (requested !== null) return [await requestedEngine(requested)];
    const [known, kind] = await Promise.all([statuses(), probe(url, signal)]);
    const ready = engines.filter((_, index) => known[index]?.state === 'ready');
    if (kind instanceof SluiceError) {
      const page: UrlKind = { kind: 'page' };
      const ranked = SITE_MAY_KNOW.includes(kind.code) ? await rankEngines(ready, parsed, page, 'site') : [];
      if (ranked.length === 0) throw kind;
      return ranked;
    }
    const ranked = await rankEngines(ready, parsed, kind, 'generic');
    if (ranked.length > 0) return ranked;
    const wanted = kind.kind === 'manifest' && kind.format === 'dash' ? 'yt-dlp' : null;
    const absent = known.find((status) => status.engine === wanted);
    if (absent && absent.state !== 'ready') throw notReady(absent);
    throw new SluiceError('unsupported_url');
  }

  async function probe(url: string, signal: AbortSignal): Promise<UrlKind | SluiceError> {
    try {
      return await classify(url, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      return toSluiceError(thrown);
    }
  }

  async function parse({ url, engine: requested, signal, onItems }: RegistryParse): Promise<ParseResult> {
    const failures: unknown[] = [];
    for (const engine of await choose(url, requested, signal)) {
      signal.throwIfAborted();
      try {
        return await engine.parse({
          url,
          signal,
          ...(onItems ? { onItems: (items: MediaItem[]) => onItems(engine.name, items) } : {}),
        });
      } catch (thrown) {
        if (signal.aborted || !anotherMayKnow(thrown)) throw thrown;
        failures.push(thrown);
      }
    }
    throw mostTelling(failures);
  }

  return { statuses, refresh, choose, parse };
}

/** Whether the next engine should be asked after this failure. */
export function anotherMayKnow(thrown: unknown): boolean {
  return thrown instanceof SluiceError && CANNOT.includes(thrown.code);
}

/** Of several engines' refusals the one that says most: anything else, then `too_complex`, `no_media`, then the first. */
export function mostTelling(failures: readonly unknown[]): unknown {
  const coded = failures.filter((failure) => failure instanceof SluiceError);
  const told = TELLING.map((telling) => coded.find(({ code }) => code === telling));
  return (
    failures.find((failure) => !anotherMayKnow(failure)) ??
    told.find((failure) => failure !== undefined) ??
    failures[0] ??
    new SluiceError('unsupported_url')
  );
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
