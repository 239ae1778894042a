/**
 * Ids for the sources of a player on a page, so that a download needs only the page's address and a stream id:
 * `s-<hash of the source's address>`, followed by `.variant` if the source is an HLS master. Pure.
 */
import type { PageGroup, PageScan, PageSource } from '../../../foreign/page/scan.ts';
import { shortHash } from '../../../protocol/short-hash.ts';

export function sourceId(url: string, variant: string | null): string {
  return `s-${shortHash(url)}${variant === null ? '' : `.${variant}`}`;
}

/** The source with this id; for null the best one of the first player. */
export function findSource(
  scan: PageScan,
  id: string | null,
): { group: PageGroup; source: PageSource; variant: string | null } | null {
  if (id === null) {
    const group = scan.groups[0];
    const source = group ? bestSource(group.sources) : null;
    return group && source ? { group, source, variant: null } : null;
  }
  const match = /^(s-[a-z0-9]+)(?:\.(.+))?$/.exec(id);
  for (const group of scan.groups) {
    const source = group.sources.find(({ url }) => sourceId(url, null) === match?.[1]);
    if (source) return { group, source, variant: match?.[2] ?? null };
  }
  return null;
}

/** The one with the largest height, else the first. */
export function bestSource(sources: readonly PageSource[]): PageSource | null {
  return sources.reduce<PageSource | null>(
    (best, each) => (best === null || (each.height ?? 0) > (best.height ?? 0) ? each : best),
    null,
  );
}
