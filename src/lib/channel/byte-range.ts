/** Byte ranges of RFC 9110, section 14. One range is served; a list of several is answered with the whole file. */

export type RangeAnswer =
  | { kind: 'whole' }
  /** Both inclusive. */
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
  // An end before the start makes the header invalid, and an invalid one is ignored.
  if (to !== '' && Number(to) < first) return { kind: 'whole' };
  return first >= size ? { kind: 'unsatisfiable' } : { kind: 'part', first, last };
}

export interface Validators {
  /** Strong, with its quotes. */
  etag: string;
  /** As in Last-Modified. */
  modified: string;
}

/** If-Range: the part may be sent only when what the client has is this very file. */
export function rangeApplies(ifRange: string | null, { etag, modified }: Validators): boolean {
  return ifRange === null || ifRange === etag || ifRange === modified;
}

/** If-None-Match: the client has this file already. Compared weakly, as the RFC says. */
export function isNotModified(ifNoneMatch: string | null, { etag }: Validators): boolean {
  if (ifNoneMatch === null) return false;
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}
