/**
 * Takes secrets out of a stream of bytes as it comes, however it is cut: as many bytes come out as went in, and what
 * came out once is never changed. Text is read as Latin-1, in which every byte is a character and none is lost.
 */
import { mask } from './redact.ts';

/** A secret that began so far back is still known as one. Longer lines are remembered as "in a secret" or not. */
const MAX_CARRY = 8 * 1024;
/** A beginning under which all that follows in the line is masked. */
const IN_A_SECRET = 'Cookie: ';
const IN_AN_ADDRESS = 'https://h/?';

export class StreamMask {
  /** What came since the last line end, as it was. */
  #line: string;

  /**
   * @param begun what may have come before the first chunk, unseen: nothing, or half a line. Of a stream that has no
   * line ends, all would be masked for that: there it is half a word.
   */
  constructor(begun: 'nothing' | 'a word' | 'a line' = 'nothing') {
    this.#line = { nothing: '', 'a word': IN_AN_ADDRESS, 'a line': IN_A_SECRET }[begun];
  }

  /** @param isLast nothing comes after these chunks */
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
