/**
 * Text out of an engine's bytes. Lines are read as Latin-1, where a character is a byte: so an index in a line is an
 * offset in the stream, and no chunk cuts a character in two. What people read is decoded as UTF-8 at the end.
 */
export function toLatin1(bytes: Uint8Array, start: number, end: number): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString('latin1', start, end);
}

/** Of Latin-1 text: its bytes decoded as UTF-8, without escape codes. */
export function toReadable(latin1: string): string {
  return withoutEscapes(Buffer.from(latin1, 'latin1').toString('utf8'));
}

/** Colours and cursor moves (CSI), and window titles (OSC). */
// eslint-disable-next-line no-control-regex -- control characters are the point
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))/g;

function withoutEscapes(text: string): string {
  return text.includes('\x1b') ? text.replace(ESCAPES, '') : text;
}

const SPACE = 32;

/**
 * Length without the blanks (or other `padding`) at the text's end. By hand: `/ +$/` takes quadratic time on many blanks
 * within it.
 */
export function trimmedLength(text: string, padding = SPACE): number {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === padding) end--;
  return end;
}
