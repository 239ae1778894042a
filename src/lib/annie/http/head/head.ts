/** What response headers say about a file: its size, its version, its name. Pure. */
import { fileNameIn } from './disposition.ts';

/**
 * Header fields of a response, names in lower case, repeated ones joined. Values are bytes, a character for each
 * (`header-text.ts`).
 */
export type Head = ReadonlyMap<string, string>;

/** What distinguishes one version of a file from another. */
export interface Validators {
  etag: string | null;
  lastModified: string | null;
  /** The value for If-Range; null = no strong validator: the bytes before the seam are compared instead. */
  ifRange: string | null;
}

/** One version of a file, as a server has reported it. */
export interface Version {
  validators: Validators;
  totalBytes: number;
}

const TYPE = /^\s*[\w!#$%&'*+.^`|~-]{1,127}\/[\w!#$%&'*+.^`|~-]{1,127}\s*(?:;|$)/;

/** Fields that have no lists: of several the first counts. */
const SINGLE = new Set(['content-disposition', 'location', 'refresh']);

export function headFrom(headers: Record<string, string | string[] | undefined>): Head {
  const head = new Map<string, string>();
  for (const [field, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    const name = field.toLowerCase();
    const values = Array.isArray(value) ? value : [value];
    // As Chromium does, an empty Location is passed over.
    const first = name === 'location' ? values.find((each) => each.trim() !== '') : values[0];
    if (!SINGLE.has(name)) head.set(name, values.join(', '));
    else if (first !== undefined) head.set(name, first);
  }
  return head;
}

/**
 * A strong ETag, else a Last-Modified that is strong: at least a second before the response's Date
 * (RFC 9110, sections 8.8.2.2 and 13.1.5).
 */
export function validatorsOf(head: Head): Validators {
  const etag = head.get('etag') ?? null;
  const lastModified = head.get('last-modified') ?? null;
  if (etag !== null) {
    const isStrong = /^"[^"]*"$/.test(etag);
    if (isStrong) return { etag, lastModified, ifRange: etag };
  }
  const modifiedMs = parseHttpDate(lastModified);
  const sentMs = Date.parse(head.get('date') ?? '');
  const isStrong = sentMs - modifiedMs >= 1000;
  return { etag, lastModified, ifRange: isStrong ? lastModified : null };
}

/** Whether a part can be asked for later, though this answer has the whole (RFC 9110, section 14.3). */
export function offersRanges(head: Head): boolean {
  return /(?:^|,)[ \t]*bytes[ \t]*(?:,|$)/i.test(head.get('accept-ranges') ?? '');
}

/** Epoch ms of an HTTP date (RFC 9110, section 5.6.7) or one like it; NaN for anything else, such as a bare number. */
export function parseHttpDate(text: string | null): number {
  return /\d{1,2}:\d\d/.test(text ?? '') ? Date.parse(text ?? '') : Number.NaN;
}

/** Whether no validator that both responses have differs. */
function sameVersion(a: Validators, b: Validators): boolean {
  if (a.etag !== null && b.etag !== null) return a.etag === b.etag;
  if (a.lastModified !== null && b.lastModified !== null) return a.lastModified === b.lastModified;
  return true;
}

/**
 * Whether a 206 is of the version named in its request's If-Range. Such a 206 must repeat the ETag, but should leave out
 * Last-Modified (RFC 9110, section 15.3.7): one without the ETag may come from a server that ignores If-Range.
 */
export function repeatsVersion(known: Validators, part: Validators): boolean {
  if (!sameVersion(known, part)) return false;
  if (known.ifRange === null) return true;
  if (known.ifRange === known.etag) return part.etag === known.etag;
  if (part.lastModified !== null) return part.lastModified === known.lastModified;
  return part.etag === known.etag || part.etag === null;
}

/**
 * `same`: a strong validator matches, so that every byte and the size are the same (RFC 9110, section 8.8.1).
 * `compatible`: no validator that both have differs, but none proves that they match. `other`: another version.
 */
export type Relation = 'same' | 'compatible' | 'other';

export function relationOf(known: Validators, other: Validators): Relation {
  if (known.etag !== null && other.etag !== null) {
    if (opaqueTagOf(known.etag) !== opaqueTagOf(other.etag)) return 'other';
    if (known.etag === other.etag && known.ifRange === known.etag) return 'same';
  }
  // A date counts beside a weak ETag, and alone.
  const hasDates = known.lastModified !== null && other.lastModified !== null;
  const isDated = known.ifRange === null || known.etag === null || other.etag === null;
  if (hasDates && isDated && known.lastModified !== other.lastModified) return 'other';
  const byDate = known.ifRange !== null && known.ifRange === known.lastModified;
  return byDate && other.lastModified === known.lastModified ? 'same' : 'compatible';
}

/**
 * Whether both responses must report the same size: they are of the same version, or their ETags differ only in that one is
 * weak, as behind a compressing proxy. Two weak ETags promise no size (RFC 9110, section 8.8.1).
 */
export function sharesSize(known: Validators, other: Validators): boolean {
  if (relationOf(known, other) === 'same') return true;
  const [a, b] = [known.etag, other.etag];
  return a !== null && b !== null && a !== b && opaqueTagOf(a) === opaqueTagOf(b);
}

/** The ETag without its mark of weakness, which a compressing proxy adds. */
function opaqueTagOf(etag: string): string {
  return etag.replace(/^W\//, '');
}

export interface ContentRange {
  start: number;
  /** Exclusive. */
  end: number;
  /** null = `*`. */
  total: number | null;
}

/** With blanks, and in any case, as Chromium reads it (`HttpUtil::ParseContentRangeHeaderFor206`). */
const RANGE = /^bytes\s{1,9}(\d{1,15})\s{0,9}-\s{0,9}(\d{1,15})\s{0,9}\/\s{0,9}(\d{1,15}|\*)$/i;

export function contentRangeOf(head: Head): ContentRange | null {
  const match = RANGE.exec(head.get('content-range')?.trim() ?? '');
  if (!match) return null;
  const [start, last] = [Number(match[1]), Number(match[2])];
  const total = match[3] === '*' ? null : Number(match[3]);
  if (last < start || (total !== null && last >= total)) return null;
  return { start, end: last + 1, total };
}

/** Bytes of the body as sent; null = unknown (chunked, or until the connection closes). */
export function contentLengthOf(head: Head): number | null {
  const text = head.get('content-length')?.trim() ?? '';
  return /^\d{1,15}$/.test(text) && !head.has('transfer-encoding') ? Number(text) : null;
}

const RADIO_FIELDS = ['icy-name', 'icy-metaint', 'icy-br', 'icy-genre', 'icy-pub'];

/** Whether it is the programme of a radio station (SHOUTcast, Icecast), not a recording of one. */
export function isRadio(head: Head): boolean {
  return endsByClose(head) && RADIO_FIELDS.some((name) => head.has(name));
}

/** Whether a broken connection looks like the end of the body (RFC 9112, section 6.3, item 8). */
export function endsByClose(head: Head): boolean {
  return !head.has('content-length') && !head.has('transfer-encoding');
}

/** Media type without parameters, lower case; null when absent. */
export function contentTypeOf(head: Head): string | null {
  return typeField(head).split(';', 1)[0]?.trim().toLowerCase() || null;
}

/** Of several values the last that is a type (https://fetch.spec.whatwg.org/#concept-header-extract-mime-type). */
function typeField(head: Head): string {
  const field = head.get('content-type') ?? '';
  if (!field.includes(',')) return field;
  return field.split(',').findLast((value) => TYPE.test(value) && !value.includes('*/*')) ?? field;
}

/** The charset parameter of Content-Type, lower case; null when absent. */
export function charsetOf(head: Head): string | null {
  const match = /;\s*charset\s*=\s*["']?([\w.:-]{1,40})/i.exec(typeField(head));
  return match?.[1]?.toLowerCase() ?? null;
}

/** It is asked for up to five times. */
const names = new WeakMap<Head, string | null>();

/** The name in Content-Disposition, unchecked (it may be hostile); null when there is none, or it has over 4 KiB. */
export function dispositionName(head: Head): string | null {
  const header = head.get('content-disposition');
  if (header === undefined) return null;
  let name = names.get(head);
  if (name === undefined) {
    name = fileNameIn(header, charsetOf(head));
    names.set(head, name);
  }
  return name;
}
