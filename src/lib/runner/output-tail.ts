import { stripVTControlCharacters } from 'node:util';

/** Stored with each download. */
export const OUTPUT_TAIL_BYTES = 4096;
/** More than the result, since control characters and colours are removed from it at the end. */
const RAW_CHARS = 2 * OUTPUT_TAIL_BYTES;

/** Whatever moves a cursor or reorders a line: control characters except \n and \t, and bidi controls. */
const UNPRINTABLE = /[^\P{Cc}\n\t]|[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

/** The end of an engine's output, in bounded memory. */
export class OutputTail {
  #text = '';

  append(text: string): void {
    this.#text += text.length > RAW_CHARS ? text.slice(-RAW_CHARS) : text;
    // Amortised: one copy per RAW_CHARS, not per chunk.
    if (this.#text.length > 2 * RAW_CHARS) this.#text = this.#text.slice(-RAW_CHARS);
  }

  /** At most 4096 bytes of UTF-8, cut between characters; a bare carriage return reads as a line end. */
  toString(): string {
    const text = stripVTControlCharacters(this.#text.toWellFormed().replace(/\r\n?/g, '\n')).replace(
      UNPRINTABLE,
      '',
    );
    const bytes = new TextEncoder().encode(text);
    let start = Math.max(0, bytes.length - OUTPUT_TAIL_BYTES);
    // 10xxxxxx continues a character that began before the cut.
    while (((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
    return new TextDecoder().decode(bytes.subarray(start));
  }
}
