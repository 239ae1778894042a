/** Byte ranges (RFC 9110, section 14). A single range is served; a list of ranges gets the whole file. */

type RangeAnswer =
  | { kind: 'whole' }
  /** `first` and `last` are both inclusive. */
  | { kind: 'part'; first: number; last: number }
  | { kind: 'unsatisfiable' };

/** @param size of the file, in bytes */
export function readRange(header: string | null, size: number): RangeAnswer {
  const match = /^bytes=(\d*)-(\d*)$/i.exec(header?.replaceAll(/[ \t]/g, '') ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return { kind: 'whole' };
  const [, from = '', to = ''] = match;
  if (from === '') {
    const suffix = Number(to);
    if (suffix === 0 || size === 0) return { kind: 'unsatisfiable' };
    return { kind: 'part', first: Math.max(0, size - suffix), last: size - 1 };
  }
  const first = Number(from);
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  // An end before the start makes the header invalid; invalid headers are ignored.
  if (to !== '' && Number(to) < first) return { kind: 'whole' };
  return first >= size ? { kind: 'unsatisfiable' } : { kind: 'part', first, last };
}

export interface Validators {
  /** A strong ETag, quotes included. */
  etag: string;
  /** In the format of Last-Modified. */
  modified: string;
}

/** If-Range: a part may be sent only if the client's copy is this version of the file. */
export function rangeApplies(ifRange: string | null, { etag, modified }: Validators): boolean {
  return ifRange === null || ifRange === etag || ifRange === modified;
}

/** If-None-Match: the client has this version already. Weak comparison (RFC 9110, section 13.1.2). */
export function isNotModified(ifNoneMatch: string | null, { etag }: Validators): boolean {
  if (ifNoneMatch === null) return false;
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}
