/**
 * Heads that are longer than any usual one: strangers' text, of which only the fields that are used go on to the parsers. Pure,
 * and one pass over the bytes.
 */
/** As in Chromium (net/http/http_stream_parser.h, kMaxHeaderBufSize). */
export const MAX_LONG_HEAD_BYTES = 256 * 1024;

const LF = 0x0a;
/** As many cookies as Chromium keeps of a domain; of no other field are there so many. */
const MAX_EACH = 180;
const USED = new Set([
  ...[
    'accept-ranges',
    'connection',
    'content-disposition',
    'content-encoding',
    'content-length',
    'content-range',
  ],
  ...[
    'content-type',
    'date',
    'etag',
    'keep-alive',
    'last-modified',
    'location',
    'referrer-policy',
    'refresh',
  ],
  ...['retry-after', 'set-cookie', 'transfer-encoding', 'upgrade'],
]);
const MAX_NAME_BYTES = Math.max(...[...USED].map(({ length }) => length));

/** @param head from its status line to its empty line. @returns without the lines of fields that are not used */
export function withoutUnusedFields(head: Buffer): Buffer {
  const kept: Buffer[] = [];
  const counts = new Map<string, number>();
  let isKept = true;
  for (let at = 0, isFirst = true; at < head.length; isFirst = false) {
    const found = head.indexOf(LF, at);
    const end = found === -1 ? head.length : found + 1;
    const isFolded = head[at] === 0x20 || head[at] === 0x09;
    const isEmpty = end - at <= 2 && /^\r?\n$/.test(head.toString('latin1', at, end));
    // A folded line belongs to the one before.
    if (isFirst || isEmpty) isKept = true;
    else if (!isFolded) isKept = isUsed(head.subarray(at, end), counts);
    if (isKept) kept.push(head.subarray(at, end));
    at = end;
  }
  return Buffer.concat(kept);
}

function isUsed(line: Buffer, counts: Map<string, number>): boolean {
  const colon = line.subarray(0, MAX_NAME_BYTES + 3).indexOf(':');
  if (colon === -1) return false;
  const name = line.toString('latin1', 0, colon).trim().toLowerCase();
  const count = (counts.get(name) ?? 0) + 1;
  if (!USED.has(name) || count > MAX_EACH) return false;
  counts.set(name, count);
  return true;
}
