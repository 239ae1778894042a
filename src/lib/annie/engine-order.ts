import type { Claim, Engine, UrlKind } from './engine.ts';
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
  const claims = await Promise.all(engines.map((engine) => claimOf(engine, url, kind)));
  const preferred = preferredEngine(kind);
  const rank = (engine: Engine, claim: Claim): number => {
    if (claim === 'no') return Infinity;
    if (engine.name === preferred) return 0;
    if (claim === 'site') return 1;
    // scanning a page costs one request; trying another engine costs a process
    return engine.name === 'http' ? 2 : 3;
  };
  return engines
    .map((engine, index) => ({ engine, claim: claims[index] ?? 'no' }))
    .filter(({ claim }) => claim === 'site' || (claim === 'generic' && minimum === 'generic'))
    .map(({ engine, claim }) => ({ engine, rank: rank(engine, claim) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ engine }) => engine);
}

function preferredEngine(kind: UrlKind): EngineName | null {
  if (kind.kind === 'page') return null;
  return kind.kind === 'manifest' && kind.format === 'dash' ? 'yt-dlp' : 'http';
}

/** An engine whose claim fails does not count. */
async function claimOf(engine: Engine, url: URL, kind: UrlKind): Promise<Claim> {
  try {
    return await engine.claim(url, kind);
  } catch {
    return 'no';
  }
}
