import type { Claim, Engine, UrlKind } from './engine.ts';
import type { EngineName } from '../protocol/media.ts';

/**
 * The engines that can take an address, best first. Who knows the very site goes before who can only try; the
 * built-in engine has direct files and HLS, yt-dlp has DASH, whoever else claims them; equals keep the order in
 * which they came, which is the order of preference.
 */
export async function rankEngines(
  engines: readonly Engine[],
  url: URL,
  kind: UrlKind,
  least: 'site' | 'generic',
): Promise<Engine[]> {
  const claims = await Promise.all(engines.map((engine) => claimOf(engine, url, kind)));
  const owner = ownerOf(kind);
  const rank = (engine: Engine, claim: Claim): number => {
    if (claim === 'no') return Infinity;
    if (engine.name === owner) return 0;
    if (claim === 'site') return 1;
    // the scan of a page costs one request; another engine's try costs a process
    return engine.name === 'http' ? 2 : 3;
  };
  return engines
    .map((engine, index) => ({ engine, claim: claims[index] ?? 'no' }))
    .filter(({ claim }) => claim === 'site' || (claim === 'generic' && least === 'generic'))
    .map(({ engine, claim }) => ({ engine, rank: rank(engine, claim) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ engine }) => engine);
}

function ownerOf(kind: UrlKind): EngineName | null {
  if (kind.kind === 'page') return null;
  return kind.kind === 'manifest' && kind.format === 'dash' ? 'yt-dlp' : 'http';
}

/** An engine whose claim breaks has none; the others' stand. */
async function claimOf(engine: Engine, url: URL, kind: UrlKind): Promise<Claim> {
  try {
    return await engine.claim(url, kind);
  } catch {
    return 'no';
  }
}
