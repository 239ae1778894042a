/**
 * A reader for the one kind of head that the fast path takes: HTTP/1.1, one line a field, nothing unusual. All else
 * is null, and the kept client (which knows all of HTTP) does the work. Pure.
 */
import type { Head } from '../head.ts';

export const MAX_HEAD_BYTES = 32 * 1024;

/** `text` ends before the empty line. */
export function readPlainHead(text: string): { status: number; head: Head } | null {
  const [first = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.1 ([1-5]\d\d)(?: |$)/.exec(first)?.[1];
  if (status === undefined) return null;
  const head = new Map<string, string>();
  for (const line of lines) {
    const field = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([^\r\n\0]*?)[ \t]*$/.exec(line);
    if (!field) return null;
    const name = (field[1] ?? '').toLowerCase();
    // a repeated length or range is how answers are smuggled (RFC 9112, section 6.3)
    if (head.has(name) && /^(content-|transfer-|etag)/.test(name)) return null;
    head.set(name, field[2] ?? '');
  }
  return { status: Number(status), head };
}
