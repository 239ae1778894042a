/** Reads what a server calls a page: one, or a feed. Pure. */
import { policyInHeader } from '../../protocol/referrer-policy.ts';
import { textKindOf } from '../../protocol/text-kind.ts';
import { decodePage } from './charset.ts';
import { scanFeed } from './feed.ts';
import { scanJsonFeed } from './json-feed.ts';
import type { PageScan } from './page-scan.ts';
import { scanPage } from './scan.ts';

export interface PageInput {
  chunks: readonly Uint8Array[];
  /** Its address, after redirects. */
  url: string;
  /** As the header declares; null = it does not. */
  charset?: string | null;
  /** The Refresh field; null = there is none. */
  refresh?: string | null;
  /** The Referrer-Policy field; null = there is none. */
  referrerPolicy?: string | null;
}

/** Comments of generators, before the root element of a feed, have some hundreds. */
const MAX_PROLOG_CHARS = 64 * 1024;

/** Never throws. */
export function readPage({ chunks, url, charset = null, ...fields }: PageInput): PageScan {
  const text = decodePage(chunks, charset);
  const address = new URL(url);
  const referrerPolicy = policyInHeader(fields.referrerPolicy ?? '');
  const kind = textKindOf(text.slice(0, MAX_PROLOG_CHARS));
  if (kind === 'feed') return { ...scanFeed(text, address), referrerPolicy };
  if (kind === 'json-feed') return { ...scanJsonFeed(text, address), referrerPolicy };
  return scanPage(text, address, fields.refresh, referrerPolicy);
}
