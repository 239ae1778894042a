/** Addresses that hold their bytes (RFC 2397), as some packagers use them for keys and initialisation parts. Pure, and linear. */
import { SluiceError } from '../../../protocol/error.ts';
import { percentDecoded } from '../head/header-text.ts';

export function isDataUrl(url: string): boolean {
  return /^data:/i.test(url);
}

/** @throws SluiceError `invalid_manifest` */
export function bytesOfDataUrl(url: string): Buffer {
  const [text = ''] = url.split('#', 1);
  const comma = text.indexOf(',');
  if (!isDataUrl(text) || comma === -1)
    throw new SluiceError('invalid_manifest', 'The manifest has a data address that is none.');
  const bytes = percentDecoded(text.slice(comma + 1));
  const isBase64 = /;\s*base64$/i.test(text.slice(0, comma).trimEnd());
  return isBase64 ? Buffer.from(bytes.toString('latin1'), 'base64') : bytes;
}
