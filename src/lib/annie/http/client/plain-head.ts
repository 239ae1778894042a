/**
 * Reads the one kind of head that the fast path takes: HTTP/1.1, one line a field, nothing unusual. All else is null, and
 * left to the HTTP client. Pure, and linear: a head is untrusted text that is read in the server (docs/adr/020).
 */
import type { Head } from '../head/head.ts';

/** The limit of Node and of the HTTP client. */
export const MAX_HEAD_BYTES = 16 * 1024;

const NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
const NO_VALUE = /[\r\n\0]/;

/** `text` ends before the empty line. */
export function readPlainHead(text: string): { status: number; head: Head } | null {
  const [first = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.1 ([1-5]\d\d)(?: |$)/.exec(first)?.[1];
  if (status === undefined) return null;
  const head = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    const value = trimmed(line, colon + 1);
    if (!NAME.test(name) || NO_VALUE.test(value)) return null;
    // a repeated length or range is how responses are smuggled (RFC 9112, section 6.3)
    if (head.has(name) && /^(content-|transfer-|etag)/.test(name)) return null;
    head.set(name, value);
  }
  return { status: Number(status), head };
}

/** Trims spaces and tabs only: the control characters that `trim` removes make a value invalid. */
function trimmed(line: string, start: number): string {
  let end = line.length;
  while (start < end && isBlank(line[start])) start++;
  while (end > start && isBlank(line[end - 1])) end--;
  return line.slice(start, end);
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}
