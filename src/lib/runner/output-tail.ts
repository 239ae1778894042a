import { stripVTControlCharacters } from 'node:util';

/** "The last 4 kB of engine output are stored for each download" (design). */
export const OUTPUT_TAIL_BYTES = 4096;
/** Kept raw: more than the result, since control characters and colours are dropped from it at the end. */
const KEPT_CHARS = 2 * OUTPUT_TAIL_BYTES;

/** Everything that could move a cursor or reorder a line: control characters but \n and \t, and bidi controls. */
const UNPRINTABLE = /[^\P{Cc}\n\t]|[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

/** The end of what an engine printed, in bounded memory however much that is. */
export class OutputTail {
  #text = '';

  append(text: string): void {
    this.#text += text.length > KEPT_CHARS ? text.slice(-KEPT_CHARS) : text;
    // amortised: one copy per KEPT_CHARS, not per chunk
    if (this.#text.length > 2 * KEPT_CHARS) this.#text = this.#text.slice(-KEPT_CHARS);
  }

  /** At most 4096 bytes of UTF-8, cut between characters; a bare carriage return reads as a line end. */
  toString(): string {
    const text = stripVTControlCharacters(this.#text.toWellFormed().replace(/\r\n?/g, '\n')).replace(
      UNPRINTABLE,
      '',
    );
    const bytes = new TextEncoder().encode(text);
    let start = Math.max(0, bytes.length - OUTPUT_TAIL_BYTES);
    // 10xxxxxx continues a character that began before the cut
    while (((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
    return new TextDecoder().decode(bytes.subarray(start));
  }
}
