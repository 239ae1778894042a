import type { UrlSupport, Engine, UrlKind } from './engine.ts';
import type { EngineName } from '../protocol/media.ts';

/**
 * The engines that can take an address, best first. An engine with code for the site goes before one that can only try. The
 * built-in engine always goes first for direct files and HLS, and yt-dlp for DASH. Equals keep their order in `engines`,
 * which is the order of preference.
 */
export async function rankEngines(
  engines: readonly Engine[],
  url: URL,
  kind: UrlKind,
  minimum: 'site' | 'generic',
): Promise<Engine[]> {
  const supports = await Promise.all(engines.map((engine) => supportOf(engine, url, kind)));
  const preferred = preferredEngine(kind);
  const rank = (engine: Engine, support: UrlSupport): number => {
    if (support === 'no') return Infinity;
    if (engine.name === preferred) return 0;
    if (support === 'site') return 1;
    // scanning a page costs one request; trying another engine costs a process
    return engine.name === 'http' ? 2 : 3;
  };
  return engines
    .map((engine, index) => ({ engine, support: supports[index] ?? 'no' }))
    .filter(({ support }) => support === 'site' || (support === 'generic' && minimum === 'generic'))
    .map(({ engine, support }) => ({ engine, rank: rank(engine, support) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ engine }) => engine);
}

function preferredEngine(kind: UrlKind): EngineName | null {
  if (kind.kind === 'page') return null;
  return kind.kind === 'manifest' && kind.format === 'dash' ? 'yt-dlp' : 'http';
}

/** An engine that fails to say does not count. */
async function supportOf(engine: Engine, url: URL, kind: UrlKind): Promise<UrlSupport> {
  try {
    return await engine.supports(url, kind);
  } catch {
    return 'no';
  }
}
