/** Bytes as they came to text, and text to lines. */

/** UTF-8; what is none becomes U+FFFD. The chunks may be cut anywhere. */
export function decodeText(chunks: readonly Uint8Array[]): string {
  const [only] = chunks;
  if (chunks.length === 1 && only) return new TextDecoder().decode(only);
  const decoder = new TextDecoder();
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode();
}

/** One after the other, so that a text of a million lines is not there twice; without their ends, `\n` alone counts. */
export function* linesOf(text: string): Generator<string> {
  let start = 0;
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
    yield text.slice(start, end);
    start = end + 1;
  }
  if (start < text.length) yield text.slice(start);
}
