/** Addresses that hold their bytes (RFC 2397), as some packagers use them for keys and initialisation parts. Pure. */
import { SluiceError } from '../../../protocol/error.ts';

const DATA_URL = /^data:([^,]*?)(;\s*base64)?\s*,(.*)$/is;

export function isDataUrl(url: string): boolean {
  return /^data:/i.test(url);
}

/** @throws SluiceError `invalid_manifest` */
export function bytesOfDataUrl(url: string): Buffer {
  const [, , base64, data] = DATA_URL.exec(url.replace(/#.*$/s, '')) ?? [];
  if (data === undefined)
    throw new SluiceError('invalid_manifest', 'The manifest has a data address that is none.');
  const bytes = percentDecoded(data);
  return base64 === undefined ? bytes : Buffer.from(bytes.toString('latin1'), 'base64');
}

function percentDecoded(text: string): Buffer {
  return Buffer.from(
    text.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}
