/**
 * Values are stored as JSON text: portable, and readable with any SQLite tool. Cloudflare stores structured
 * clones; what JSON would bend (a Date, a Map, NaN) is refused, so that a class behaves alike on both.
 */
import { LIMITS, limit } from './limits.ts';

/**
 * @throws TypeError for anything but plain JSON; undefined properties are left out
 * @throws SluiceError `storage_limit` above `maxLength` UTF-16 units of text
 */
export function encodeValue(value: unknown, maxLength: number = LIMITS.valueLength): string {
  // Before the walk: it ends on cycles.
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError('undefined cannot be stored: delete the key instead.');
  checkPlain(value, 'value');
  if (text.length > maxLength) throw limit(`A value is at most ${maxLength} characters of JSON.`);
  return text;
}

export function decodeValue(text: string): unknown {
  return JSON.parse(text);
}

function checkPlain(value: unknown, path: string): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return;
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${path}: ${value} is not JSON.`);
      return;
    case 'object':
      break;
    default:
      throw new TypeError(`${path}: a ${typeof value} is not JSON.`);
  }
  if (value === null) return;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) checkPlain(value[index], `${path}[${index}]`);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`${path}: only plain objects and arrays can be stored.`);
  }
  for (const name in value) {
    const item = (value as Record<string, unknown>)[name];
    if (item !== undefined) checkPlain(item, name);
  }
}
