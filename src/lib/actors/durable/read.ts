/** What is stored of one object, as values: for the object itself, and for the inspector. */
import { keyRange } from './keys.ts';
import { checkKey, limit, LIMITS } from './limits.ts';
import type { ActorRows } from './store.ts';
import type { KvListOptions } from './types.ts';
import { decodeValue } from './value.ts';

/** @throws SluiceError `storage_limit`, and what reading the store throws */
export function readValue<T>(rows: ActorRows, key: string): T | undefined {
  checkKey(key);
  const text = rows.get(key);
  return text === undefined ? undefined : (decodeValue(text) as T);
}

/** @throws SluiceError as `readValue` */
export function readList<T>(rows: ActorRows, options: KvListOptions = {}): [key: string, value: T][] {
  const range = keyRange(options);
  const found: [string, T][] = [];
  if (range === null) return found;
  let length = 0;
  for (const [key, text] of rows.list(range)) {
    if (found.length === range.limit) {
      throw limit(`A list has at most ${LIMITS.listEntries} entries: page with limit and startAfter.`);
    }
    length += text.length;
    if (length > LIMITS.listLength) {
      throw limit(
        `A list has at most ${LIMITS.listLength} characters of JSON: page with limit and startAfter.`,
      );
    }
    found.push([key, decodeValue(text) as T]);
    if (found.length === range.limit && range.isLimited) break;
  }
  return found;
}
