/** From bytes to text, and from text to lines. */

/** Invalid bytes become U+FFFD. A character may be split between chunks. @param charset as `TextDecoder` knows it */
export function decodeText(chunks: readonly Uint8Array[], charset = 'utf-8'): string {
  const [only] = chunks;
  if (chunks.length === 1 && only) return new TextDecoder(charset).decode(only);
  const decoder = new TextDecoder(charset);
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode();
}

/**
 * Lines without their end, which is `\n`, `\r\n` or `\r`; a generator, so that a long text is not in memory twice. Between
 * `\r` and `\n` there may be an empty one.
 */
export function* linesOf(text: string): Generator<string> {
  let start = 0;
  let feed = text.indexOf('\n');
  let back = text.indexOf('\r');
  while (feed !== -1 || back !== -1) {
    const isBack = feed === -1 || (back !== -1 && back < feed);
    const end = isBack ? back : feed;
    yield text.slice(start, end);
    start = end + 1;
    // Each end is searched for once, so that the time is linear.
    if (isBack) back = text.indexOf('\r', start);
    else feed = text.indexOf('\n', start);
  }
  if (start < text.length) yield text.slice(start);
}
