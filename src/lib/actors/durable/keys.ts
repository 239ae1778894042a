/**
 * Keys are ordered by their UTF-8 bytes, which is the order of code points. JavaScript compares UTF-16 units,
 * which puts U+E000–U+FFFF after the surrogates of all higher planes, so it needs help.
 */
import { checkKey, limit, LIMITS } from './limits.ts';
import type { KvListOptions } from './types.ts';

export interface KeyRange {
  /** Inclusive. */
  lower: string;
  /** Exclusive; null = no end. */
  upper: string | null;
  limit: number;
  /** Whether the caller named the limit: if not, finding more is an error. */
  isLimited: boolean;
  reverse: boolean;
}

/** Negative, zero or positive, in the order of UTF-8 bytes. */
export function compareKeys(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return rank(a) - rank(b);
  }
  return left.length - right.length;
}

/** Lifts surrogates above the rest of the basic plane. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

/** The first key after all that begin with `prefix`; null when there is none. */
export function prefixEnd(prefix: string): string | null {
  const points = [...prefix];
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) as number;
    if (point === 0x10ffff) continue;
    // Surrogates are not characters: what follows U+D7FF is U+E000.
    return points.join('') + String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1);
  }
  return null;
}

/**
 * The range of keys that `list` asks for; null when it is empty.
 * @throws TypeError for options that make no sense
 * @throws SluiceError `storage_limit` for a limit above the cap
 */
export function keyRange(options: KvListOptions = {}): KeyRange | null {
  const { start, startAfter, end, prefix, reverse = false } = options;
  if (start !== undefined && startAfter !== undefined) {
    throw new TypeError('list takes start or startAfter, not both.');
  }
  if (options.limit !== undefined && !(Number.isInteger(options.limit) && options.limit > 0)) {
    throw new TypeError('The limit of a list has to be a whole number above 0.');
  }
  if (options.limit !== undefined && options.limit > LIMITS.listEntries) {
    throw limit(`A list has at most ${LIMITS.listEntries} entries: page with limit and startAfter.`);
  }
  for (const key of [start, startAfter, end, prefix]) if (key !== undefined) checkKey(key);

  let lower = start ?? '';
  // Nothing lies between a key and the same key with a zero byte behind it.
  if (startAfter !== undefined) lower = `${startAfter}\0`;
  if (prefix !== undefined && compareKeys(prefix, lower) > 0) lower = prefix;
  let upper = end ?? null;
  const behind = prefix === undefined ? null : prefixEnd(prefix);
  if (behind !== null && (upper === null || compareKeys(behind, upper) < 0)) upper = behind;
  if (upper !== null && compareKeys(lower, upper) >= 0) return null;
  return {
    lower,
    upper,
    limit: options.limit ?? LIMITS.listEntries,
    isLimited: options.limit !== undefined,
    reverse,
  };
}
