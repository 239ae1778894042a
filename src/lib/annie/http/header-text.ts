/**
 * The text of header values. They arrive as bytes (a string of characters below U+0100, one for each): ASCII by the
 * standard, and in practice UTF-8 or whatever charset the server uses. Pure, and linear.
 */

/** As `TextDecoder`, strict; null for bytes that are not in this charset, and for a charset that is unknown. */
export function decodeStrictly(bytes: Uint8Array, charset: string): string | null {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
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

const NOT_ASCII = /[^\0-\x7f]/g;

/**
 * The address in a Location, Refresh or Link field. UTF-8 is read as such; other bytes are escaped one by one, so that the
 * server gets back what it sent, as Chromium does (`HttpResponseHeaders::IsRedirect`).
 */
export function addressText(value: string): string {
  return (
    decodeStrictly(bytesOf(value), 'utf-8') ??
    value.replace(NOT_ASCII, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`)
  );
}
