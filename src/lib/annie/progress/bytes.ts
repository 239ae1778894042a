/** The bytes that the dialects are made of, and text out of bytes. */
export const LF = 10;
export const CR = 13;
export const ESC = 27;
export const SPACE = 32;
export const PERCENT_SIGN = 37;
export const MINUS = 45;
export const DOT = 46;
export const SLASH = 47;
export const ZERO = 48;
export const NINE = 57;
export const COLON = 58;
export const QUESTION = 63;
export const OPEN = 91;
export const CLOSE = 93;

export function toText(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start, end);
}

/** Colours and cursor moves (CSI), and window titles (OSC). */
// eslint-disable-next-line no-control-regex -- control characters are the point
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))/g;

export function withoutEscapes(text: string): string {
  return text.includes('\x1b') ? text.replace(ESCAPES, '') : text;
}

export function startsWith(bytes: Uint8Array, at: number, prefix: Uint8Array): boolean {
  for (let k = 0; k < prefix.length; k++) if (bytes[at + k] !== prefix[k]) return false;
  return true;
}

export function toBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
