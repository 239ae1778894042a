/** From bytes to text, and from text to lines. */

/** Invalid bytes become U+FFFD. A character may be split between chunks. @param charset as `TextDecoder` knows it */
export function decodeText(chunks: readonly Uint8Array[], charset = 'utf-8'): string {
  const [only] = chunks;
  if (chunks.length === 1 && only) return new TextDecoder(charset).decode(only);
  const decoder = new TextDecoder(charset);
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode();
}

/** Lines that end with `\n`, without it; a generator, so that a long text is not in memory twice. */
export function* linesOf(text: string): Generator<string> {
  let start = 0;
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
    yield text.slice(start, end);
    start = end + 1;
  }
  if (start < text.length) yield text.slice(start);
}
