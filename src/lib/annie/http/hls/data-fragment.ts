/** Fragments that the playlist itself holds. */
import { Readable } from 'node:stream';
import type { Fragment } from '../../../foreign/playlist/fragments.ts';
import { bytesOfDataUrl } from './data-url.ts';
import { decrypted } from './fragment-body.server.ts';
import { isDecipherError, type OpenDecipher } from './fragment-keys.server.ts';

/** The bytes of a fragment with a `data:` address, decrypted. @throws SluiceError `invalid_manifest` */
export function dataFragmentBytes(
  { url, range }: Fragment,
  open: OpenDecipher | null,
): AsyncIterable<Buffer> {
  const bytes = bytesOfDataUrl(url).subarray(range?.start ?? 0, range?.end);
  const raw = Readable.from([bytes]) as AsyncIterable<Buffer>;
  return open === null ? raw : decrypted(raw, open, 'start');
}

/** Whether `bytes` follow the first `skipped` of such a fragment. */
export async function dataStartsWith(
  fragment: Fragment,
  open: OpenDecipher | null,
  bytes: Buffer,
  skipped: number,
): Promise<boolean> {
  try {
    const chunks = await Readable.from(dataFragmentBytes(fragment, open)).toArray();
    return bytes.equals(Buffer.concat(chunks as Buffer[]).subarray(skipped, skipped + bytes.length));
  } catch (thrown) {
    if (isDecipherError(thrown)) return false;
    throw thrown;
  }
}
