/**
 * What an address leads to: a file, a stream, or a page with media. Pages that lead on by themselves (a refresh) are followed,
 * and the players that a page shows in frames are looked into, one level deep.
 */
import type { Readers } from '../../../foreign/port.ts';
import { listedGroups, type PageGroup } from '../../../foreign/page/groups.ts';
import type { PageFrame, PageScan } from '../../../foreign/page/page-scan.ts';
import { SluiceError } from '../../../protocol/error.ts';
import type { ReferrerPolicy } from '../../../protocol/referrer-policy.ts';
import { affectsAllHosts } from '../../../protocol/unreachable.ts';
import type { HttpClient } from '../client/client.server.ts';
import type { FirstAnswers } from '../memory/first-answers.server.ts';
import { type Probe, probe } from '../probe.server.ts';
import type { SentPage } from '../failure/portal-watch.ts';
import { DEFAULT_POLICY } from '../client/referer.ts';

/** As redirects, but each is a page that somebody is to see. */
const MAX_REFRESHES = 5;
/** With the last response up to 30 s later, a look-up still has time to list. */
const FOLLOW_MS = 15_000;

interface FollowOptions {
  client: HttpClient;
  readers: Readers;
  /** Called for each piece of a body. */
  onBytes?: (() => void) | undefined;
  /** Of the job. */
  answers?: FirstAnswers | undefined;
}

export interface FollowedPage {
  /** As requested, before redirects. */
  url: string;
  probe: Probe;
  /** Null for a file or a stream. */
  scan: PageScan | null;
  /** Size of the page; 0 for a file or a stream. */
  pageBytes: number;
  /** The page that led here; null = none. */
  referrer: Referrer | null;
}

/** What a Referer says. */
export interface Referrer {
  page: URL;
  policy: ReferrerPolicy;
}

/** Of the requests for what was found on a page, or in a frame of it. */
export function referrerOf(
  { page, referrerPolicy }: Pick<PageGroup, 'page' | 'referrerPolicy'>,
  lead: FollowedPage,
): Referrer {
  const framed = URL.parse(page ?? '');
  const own = referrerPolicy ?? (framed === null ? lead.scan?.referrerPolicy : null);
  return { page: framed ?? lead.probe.url, policy: own ?? DEFAULT_POLICY };
}

/** @throws SluiceError as `probe`, and what the reader throws */
export async function follow(
  url: string,
  options: FollowOptions,
  signal: AbortSignal,
): Promise<FollowedPage> {
  let lead = await lookAt(url, null, options, signal);
  const seen = new Set([url]);
  const deadlineMs = performance.now() + FOLLOW_MS;
  for (let refreshes = 0; refreshes < MAX_REFRESHES && performance.now() < deadlineMs; refreshes++) {
    const next: string | null = lead.scan?.refresh ?? null;
    if (next === null || seen.has(next)) break;
    seen.add(next);
    const hasMedia = (lead.scan?.groups.length ?? 0) > 0;
    try {
      const target = await lookAt(next, referrerOf({}, lead), options, signal);
      // A page with media of its own goes on to a file, and not to another page.
      if (target.scan !== null && hasMedia) break;
      lead = target;
    } catch (thrown) {
      signal.throwIfAborted();
      if (hasMedia) break;
      throw thrown;
    }
  }
  const { scan } = lead;
  if (scan === null || scan.groups.length > 0 || scan.frames.length === 0) return lead;
  const { groups, truncated } = await framed(scan.frames, lead, options, signal);
  return { ...lead, scan: { ...scan, groups, truncated: scan.truncated || truncated } };
}

/** What is sent at an address, without what it leads on to; null = no page. @throws SluiceError as `follow` */
export async function pageAt(
  url: string,
  client: HttpClient,
  readers: Readers,
  signal: AbortSignal,
): Promise<SentPage | null> {
  const { scan, probe: found, pageBytes } = await lookAt(url, null, { client, readers }, signal);
  return scan === null ? null : { url: found.url, title: scan.title, bytes: pageBytes };
}

async function lookAt(
  url: string,
  referrer: Referrer | null,
  { client, readers, onBytes, answers }: FollowOptions,
  signal: AbortSignal,
): Promise<FollowedPage> {
  const found = await probe(
    client.from(referrer?.page ?? null, referrer?.policy),
    url,
    signal,
    'text',
    onBytes,
    answers,
  );
  if (found.kind.kind !== 'page') return { url, probe: found, scan: null, pageBytes: 0, referrer };
  const { body, charset, refresh, referrerPolicy } = found;
  const chunks = body ?? [];
  // Before the reader gets the bytes.
  const pageBytes = chunks.reduce((sum, { length }) => sum + length, 0);
  const page = { chunks, url: found.url.href, charset, refresh, referrerPolicy };
  return { url, probe: found, scan: await readers.read('page', page, signal), pageBytes, referrer };
}

type Groups = Pick<PageScan, 'groups' | 'truncated'>;

/** All at a time, within the limits of one page. A frame that is dead, private or too long is left out. */
async function framed(
  frames: readonly PageFrame[],
  lead: FollowedPage,
  options: FollowOptions,
  signal: AbortSignal,
): Promise<Groups> {
  const found = await Promise.all(frames.map((frame) => groupsOf(frame, lead, options, signal)));
  const listed = listedGroups(found.flatMap(({ groups }) => groups));
  return { ...listed, truncated: listed.truncated || found.some(({ truncated }) => truncated) };
}

async function groupsOf(
  { url, ...of }: PageFrame,
  lead: FollowedPage,
  options: FollowOptions,
  signal: AbortSignal,
): Promise<Groups> {
  try {
    const frame = { ...options, client: options.client.withHeadTimeout(), answers: undefined };
    const { scan, probe: found } = await lookAt(url, referrerOf(of, lead), frame, signal);
    if (scan === null) {
      const sources = [{ url, label: null, height: null }];
      return { groups: [{ ...of, title: null, sources }], truncated: false };
    }
    const policy = scan.referrerPolicy === null ? {} : { referrerPolicy: scan.referrerPolicy };
    const groups = scan.groups.map((group) => ({ ...policy, ...group, page: found.url.href }));
    return { groups, truncated: scan.truncated };
  } catch (thrown) {
    signal.throwIfAborted();
    if (!(thrown instanceof SluiceError) || affectsAllHosts(thrown)) throw thrown;
    return { groups: [], truncated: false };
  }
}
