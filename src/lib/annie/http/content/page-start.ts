/** Whether bytes begin as a page does, by the table of browsers (https://mimesniff.spec.whatwg.org/#rules-for-identifying-an-unknown-mime-type). Pure. */

/** Behind blanks, and in any case. The spec wants a blank or `>` behind each; pages have line breaks there too. */
const TAG =
  /^<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)[\s>]/i;

/** @param text a character for each byte, without a byte order mark and blanks in front */
export function beginsAsPage(text: string): boolean {
  return TAG.test(text);
}

/** A character for each byte, for patterns. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** What there is behind a byte order mark and blanks. @param start a character for each byte */
export function withoutLeadingBlanks(start: string): string {
  return start.replace(/^(\u00ef\u00bb\u00bf)?\s*/, '');
}
