/**
 * The text of header values. They arrive as bytes (a string of characters below U+0100, one for each): ASCII by the
 * standard, and in practice UTF-8 or whatever charset the server uses. Pure, and linear.
 */

const REPLACEMENT = '\ufffd';

/** All labels of the Encoding Standard, and as many unknown ones: a server may make up more. */
const MAX_DECODERS = 500;
/** Null = there is no such charset. A decoder takes 1 µs to make, an unknown label 5, and a head has room for thousands. */
const decoders = new Map<string, TextDecoder | null>();

function decoderOf(charset: string): TextDecoder | null {
  const label = charset.toLowerCase();
  let decoder = decoders.get(label);
  if (decoder !== undefined) return decoder;
  try {
    decoder = new TextDecoder(label);
  } catch {
    decoder = null;
  }
  if (decoders.size >= MAX_DECODERS) decoders.clear();
  decoders.set(label, decoder);
  return decoder;
}

/**
 * As `TextDecoder`, strict; null for bytes that are not in this charset, and for a charset that is unknown. Not by its
 * `fatal`, whose exception takes 5 µs: 50 times as long as a short text.
 */
export function decodeStrictly(bytes: Uint8Array, charset: string): string | null {
  const decoder = decoderOf(charset);
  if (decoder === null) return null;
  const text = decoder.decode(bytes);
  if (!text.includes(REPLACEMENT)) return text;
  // That character may have been sent as such.
  return decoder.encoding === 'utf-8' && Buffer.from(text).equals(bytes) ? text : null;
}

export function bytesOf(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}

/** Bytes of percent-escapes; what is none stays as it is. */
export function percentDecoded(text: string): Buffer {
  return bytesOf(
    text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  );
}

/** Valid UTF-8 is that; else by the charset that the response declares; else null. */
export function decodeBytes(bytes: Uint8Array, charset: string | null): string | null {
  return decodeStrictly(bytes, 'utf-8') ?? (charset === null ? null : decodeStrictly(bytes, charset));
}

const ESCAPES = Array.from(
  { length: 256 },
  (_, byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
);
const NOT_ASCII = /[^\0-\x7f]/g;

/**
 * The address in a Location, Refresh or Link field. UTF-8 is read as such; other bytes are escaped one by one, so that the
 * server gets back what it sent, as Chromium does (`HttpResponseHeaders::IsRedirect`).
 */
export function addressText(value: string): string {
  return (
    decodeStrictly(bytesOf(value), 'utf-8') ??
    value.replace(NOT_ASCII, (byte) => ESCAPES[byte.charCodeAt(0)] ?? byte)
  );
}
