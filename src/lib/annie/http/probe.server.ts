/** One request to see what is at an address, which also reads the body if that is a page or an HLS manifest. */
import { MAX_PAGE_BYTES, MAX_PLAYLIST_BYTES } from '../../foreign/limits.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { UrlKind } from '../engine.ts';
import { classify, isFile, SNIFF_BYTES } from './content/classify.ts';
import { surplusOf } from './client/chunk-pacing.server.ts';
import { codingsOf } from './head/codings.ts';
import type { HttpResponse, HttpClient } from './client/client.server.ts';
import { isWholeFile } from './head/extent.ts';
import { BodyStart } from './body/body-start.server.ts';
import { binaryKind } from './content/binary.ts';
import { addressText } from './head/header-text.ts';
import { charsetOf, contentTypeOf, dispositionName, validatorsOf, type Version } from './head/head.ts';
import { fileNameFor } from './head/names.ts';
import { networkError } from './failure/network-error.ts';
import { FirstAnswers } from './memory/first-answers.server.ts';
import { ReceivedTexts } from './body/received-texts.ts';

export interface Probe {
  kind: UrlKind;
  /** After redirects; the base of relative addresses in `body`. */
  url: URL;
  /** Suggested file name. */
  name: string;
  /** As its head or, for what is no page, its first bytes say. */
  contentType: string | null;
  /** Its head calls it a page, and its first bytes are none. */
  isMislabelled: boolean;
  /** As the head declares; null = it does not. */
  charset: string | null;
  /** The Refresh field; null = there is none. */
  refresh: string | null;
  /** The Referrer-Policy field; null = there is none. */
  referrerPolicy: string | null;
  /** Of a file with an announced size; else null. */
  version: Version | null;
  /** Of a page or an HLS manifest, for a reader; null for all else, and when only the kind is wanted. */
  body: Uint8Array[] | null;
}

/** Of this process, as its memory is. */
const received = new ReceivedTexts();

/**
 * @param onBytes called for each piece of a body: a slow server does not stall
 * @param want `kind`: stops after the first bytes; `text`: also reads pages and HLS manifests to their end
 * @param answers for the next request of the address, unless its text was read; absent = the answer is not kept
 * @throws SluiceError network codes, `remote_*`, `too_complex` (a page over 4 MiB, a manifest over 16),
 * `too_many_requests` (the longest of too many texts at a time)
 */
export async function probe(
  client: HttpClient,
  url: string,
  signal: AbortSignal,
  want: 'kind' | 'text',
  onBytes: () => void = () => undefined,
  answers: FirstAnswers = FirstAnswers.unshared(),
): Promise<Probe> {
  const answer = await answers.open(client, url, signal);
  let rest: HttpResponse | null = null;
  let response = answer.response;
  onBytes();
  try {
    const start = new BodyStart(response, onBytes);
    const found = await read(response, start, signal, want);
    if (found.kind.kind === 'file') answers.recordFile(client, url);
    // What is no file is of use only to the look-up that follows this one.
    const isNext = found.kind.kind === 'file' || want === 'kind';
    if (found.body === null && isNext) rest = start.giveBack();
    if (found.body === null || isWholeFile(response)) return found;
    // A truncated page or playlist would be taken for a complete one.
    response.discard();
    response = await client.get(url, { signal });
    if (!isWholeFile(response)) {
      throw new SluiceError('remote_status', 'The server sent a part that nobody asked for.');
    }
    return await read(response, new BodyStart(response, onBytes), signal, want);
  } finally {
    if (rest !== null) answer.keep(rest);
    else {
      response.discard();
      answer.discard();
    }
  }
}

async function read(
  response: HttpResponse,
  body: BodyStart,
  signal: AbortSignal,
  want: 'kind' | 'text',
): Promise<Probe> {
  const { url, status, head } = response;
  const gathered = received.begin();
  let kind: UrlKind | null = null;
  let start: Uint8Array = new Uint8Array();
  const classified = (): UrlKind => {
    start = gathered.firstBytes(SNIFF_BYTES).slice();
    return classify(url, status, head, start);
  };
  try {
    for await (const chunk of body.chunks()) {
      gathered.add(chunk);
      gathered.setSurplus(surplusOf(response.body));
      if (gathered.length >= SNIFF_BYTES) kind ??= classified();
      if (kind !== null && !(want === 'text' && isText(kind))) break;
      if (kind !== null) body.forget();
      if (gathered.cost > maxBytes(kind))
        throw new SluiceError(
          'too_complex',
          'The page or manifest is too long, or comes in too small pieces.',
        );
      await gathered.turn();
    }
    kind ??= classified();
    const text = want === 'text' && isText(kind) ? gathered.take() : null;
    return { ...descriptionOf(response, kind, start), body: text };
  } catch (thrown) {
    const error = networkError(thrown, signal, true);
    // A file that is listed need not be what its coding says.
    const isUndecodable = error instanceof SluiceError && codingsOf(head).length > 0 && !error.transient;
    if (isUndecodable && isFile(response))
      return { ...descriptionOf(response, classified(), start), body: null };
    throw error;
  } finally {
    gathered.end();
  }
}

function descriptionOf(response: HttpResponse, kind: UrlKind, start: Uint8Array): Omit<Probe, 'body'> {
  const { url, head } = response;
  const isMislabelled = kind.kind === 'file' && !isFile(response);
  const charset = charsetOf(head);
  const contentType = isMislabelled
    ? (binaryKind(Buffer.from(start).toString('latin1'), charset)?.type ?? null)
    : contentTypeOf(head);
  const name = fileNameFor(url, dispositionName(head), contentType);
  const validators = validatorsOf(head);
  const totalBytes = kind.kind === 'file' ? kind.bytes : null;
  const version = totalBytes === null ? null : { validators, totalBytes };
  const field = head.get('refresh');
  const refresh = field === undefined ? null : addressText(field);
  const referrerPolicy = head.get('referrer-policy') ?? null;
  return { kind, url, name, contentType, isMislabelled, charset, refresh, referrerPolicy, version };
}

function maxBytes(kind: UrlKind | null): number {
  return kind?.kind === 'page' ? MAX_PAGE_BYTES : MAX_PLAYLIST_BYTES;
}

function isText(kind: UrlKind): boolean {
  return kind.kind === 'page' || (kind.kind === 'manifest' && kind.format === 'hls');
}
