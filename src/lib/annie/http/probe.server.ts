/** One request that tells what is at an address, and brings the text along where that is what is there. */
import { SluiceError } from '../../protocol/error.ts';
import type { UrlKind } from '../engine.ts';
import { classify, SNIFF_BYTES } from './classify.ts';
import type { HttpAnswer, HttpClient } from './client.server.ts';
import { holdsAll } from './extent.ts';
import { contentTypeOf, dispositionName, validatorsOf, type Version } from './head.ts';
import { fileNameFor } from './names.ts';
import { networkError } from './network-error.ts';

/** Larger pages and manifests are not read on. */
export const MAX_TEXT_BYTES = 4 * 1024 * 1024;

export interface Probe {
  kind: UrlKind;
  /** After redirects: what relative addresses in `text` are relative to. */
  url: URL;
  /** Suggested file name. */
  name: string;
  contentType: string | null;
  /** Of a file with a strong validator and an announced size; else null. */
  version: Version | null;
  /** Body of a page or an HLS manifest; null for all else, and when only the kind was asked for. */
  text: string | null;
}

/**
 * @param want `kind`: stops after the first bytes; `text`: reads pages and HLS manifests whole
 * @throws SluiceError network codes, `remote_*`, `invalid_manifest` (over 4 MiB)
 */
export async function probe(
  client: HttpClient,
  url: string,
  signal: AbortSignal,
  want: 'kind' | 'text',
): Promise<Probe> {
  const headers = { range: 'bytes=0-' };
  let answer = await client.get(url, { signal, headers, accept: [416] });
  if (answer.status === 416) {
    answer.discard();
    answer = await client.get(url, { signal });
  }
  try {
    const found = await read(answer, signal, want);
    if (found.text === null || holdsAll(answer)) return found;
    // A truncated page or playlist would be taken for a complete one.
    answer.discard();
    answer = await client.get(url, { signal });
    if (!holdsAll(answer)) {
      throw new SluiceError('remote_status', 'The server sent a part that nobody asked for.');
    }
    return await read(answer, signal, want);
  } finally {
    answer.discard();
  }
}

async function read(answer: HttpAnswer, signal: AbortSignal, want: 'kind' | 'text'): Promise<Probe> {
  const { url, status, head, body } = answer;
  const contentType = contentTypeOf(head);
  const chunks: Buffer[] = [];
  let bytes = 0;
  let kind: UrlKind | null = null;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (kind === null && bytes >= SNIFF_BYTES) kind = classify(url, status, head, Buffer.concat(chunks));
      if (kind !== null && !(want === 'text' && isText(kind))) break;
      if (bytes > MAX_TEXT_BYTES)
        throw new SluiceError('invalid_manifest', 'The page or manifest is over 4 MiB.');
    }
  } catch (thrown) {
    throw networkError(thrown, signal, true);
  }
  const start = Buffer.concat(chunks);
  kind ??= classify(url, status, head, start);
  const name = fileNameFor(url, dispositionName(head), contentType);
  const text = want === 'text' && isText(kind) ? start.toString('utf8') : null;
  const validators = validatorsOf(head);
  const totalBytes = kind.kind === 'file' ? kind.bytes : null;
  const version = totalBytes !== null && validators.ifRange !== null ? { validators, totalBytes } : null;
  return { kind, url, name, contentType, version, text };
}

function isText(kind: UrlKind): boolean {
  return kind.kind === 'page' || (kind.kind === 'manifest' && kind.format === 'hls');
}
