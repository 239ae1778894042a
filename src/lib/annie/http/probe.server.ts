/** One request to see what is at an address, which also reads the body if that is a page or an HLS manifest. */
import { MAX_PAGE_BYTES, MAX_PLAYLIST_BYTES } from '../../foreign/limits.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { UrlKind } from '../engine.ts';
import { classify, SNIFF_BYTES } from './classify.ts';
import type { HttpResponse, HttpClient } from './client.server.ts';
import { isWholeFile } from './extent.ts';
import { decoded } from './file/stream-body.server.ts';
import { contentTypeOf, dispositionName, validatorsOf, type Version } from './head.ts';
import { fileNameFor } from './names.ts';
import { networkError } from './network-error.ts';
import { mayRefuseRange } from './status.ts';
import { ReceivedTexts } from './received-texts.ts';

export interface Probe {
  kind: UrlKind;
  /** After redirects; the base of relative addresses in `body`. */
  url: URL;
  /** Suggested file name. */
  name: string;
  contentType: string | null;
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
 * @throws SluiceError network codes, `remote_*`, `too_complex` (a page over 4 MiB, a manifest over 16),
 * `too_many_requests` (the longest of too many texts at a time)
 */
export async function probe(
  client: HttpClient,
  url: string,
  signal: AbortSignal,
  want: 'kind' | 'text',
  onBytes: () => void = () => undefined,
): Promise<Probe> {
  let response = await client
    .get(url, { signal, headers: { range: 'bytes=0-' } })
    .catch((thrown: unknown) => {
      if (!mayRefuseRange(thrown)) throw thrown;
      return client.get(url, { signal });
    });
  try {
    const found = await read(response, signal, want, onBytes);
    if (found.body === null || isWholeFile(response)) return found;
    // A truncated page or playlist would be taken for a complete one.
    response.discard();
    response = await client.get(url, { signal });
    if (!isWholeFile(response)) {
      throw new SluiceError('remote_status', 'The server sent a part that nobody asked for.');
    }
    return await read(response, signal, want, onBytes);
  } finally {
    response.discard();
  }
}

async function read(
  response: HttpResponse,
  signal: AbortSignal,
  want: 'kind' | 'text',
  onBytes: () => void,
): Promise<Probe> {
  const { url, status, head } = response;
  const gathered = received.begin();
  let kind: UrlKind | null = null;
  const classified = (): UrlKind => classify(url, status, head, gathered.peek(SNIFF_BYTES));
  try {
    for await (const chunk of decoded(response) as AsyncIterable<Buffer>) {
      gathered.add(chunk);
      onBytes();
      if (gathered.length >= SNIFF_BYTES) kind ??= classified();
      if (kind !== null && !(want === 'text' && isText(kind))) break;
      if (gathered.length > maxBytes(kind))
        throw new SluiceError('too_complex', 'The page or manifest is too long.');
      await gathered.turn();
    }
    kind ??= classified();
    const text = want === 'text' && isText(kind) ? gathered.take() : null;
    return { ...descriptionOf(response, kind), body: text };
  } catch (thrown) {
    throw networkError(thrown, signal, true);
  } finally {
    gathered.end();
  }
}

function descriptionOf({ url, head }: HttpResponse, kind: UrlKind): Omit<Probe, 'body'> {
  const contentType = contentTypeOf(head);
  const name = fileNameFor(url, dispositionName(head), contentType);
  const validators = validatorsOf(head);
  const totalBytes = kind.kind === 'file' ? kind.bytes : null;
  const version = totalBytes === null ? null : { validators, totalBytes };
  return { kind, url, name, contentType, version };
}

function maxBytes(kind: UrlKind | null): number {
  return kind?.kind === 'page' ? MAX_PAGE_BYTES : MAX_PLAYLIST_BYTES;
}

function isText(kind: UrlKind): boolean {
  return kind.kind === 'page' || (kind.kind === 'manifest' && kind.format === 'hls');
}
