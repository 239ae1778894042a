/**
 * Masks secrets in a stream of bytes, however it is cut into chunks: as many bytes come out as go in, and output is never
 * revised. Text is read as Latin-1, in which every byte is one character.
 */
import { mask } from '../protocol/redact.ts';

/** How far back the beginning of a secret is still recognized. Of longer lines only "in a secret" or not is kept. */
const MAX_CARRY = 8 * 1024;
/** A beginning of a line that makes the rest of the line a secret. */
const IN_A_SECRET = 'Cookie: ';
const IN_AN_ADDRESS = 'https://h/?';

export class StreamMask {
  /** The raw text since the last line end. */
  #line: string;

  /**
   * @param begun what may have been missed before the first chunk: nothing, or the start of a line. For a stream without
   * line ends the latter would mask everything, so there it is the start of a word.
   */
  constructor(begun: 'nothing' | 'a word' | 'a line' = 'nothing') {
    this.#line = { nothing: '', 'a word': IN_AN_ADDRESS, 'a line': IN_A_SECRET }[begun];
  }

  /** @param isLast these are the last chunks */
  push(chunks: readonly Uint8Array[], isLast: boolean): Uint8Array[] {
    const raw = this.#line + chunks.map(toLatin1).join('');
    const masked = mask(raw, !isLast);
    let at = this.#line.length;
    this.#line = lastLine(raw, masked);
    return chunks.map(({ length }) => {
      const part = masked.slice(at, at + length);
      at += length;
      return Buffer.from(part, 'latin1');
    });
  }
}

function lastLine(raw: string, masked: string): string {
  const start = Math.max(raw.lastIndexOf('\n'), raw.lastIndexOf('\r')) + 1;
  if (raw.length - start <= MAX_CARRY) return raw.slice(start);
  const cut = raw.length - MAX_CARRY;
  return (masked[cut] === '*' ? IN_A_SECRET : '') + raw.slice(cut);
}

function toLatin1(chunk: Uint8Array): string {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
}
