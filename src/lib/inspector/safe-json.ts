/** Turns contexts and messages into plain data without secrets. Functions are left out. */
import type { Json } from '../protocol/inspection.ts';
import { isSecretName, redact } from '../protocol/redact.ts';

/** Deeper than any of Sluice's own data; foreign data is cut there. */
const MAX_DEPTH = 8;
const MAX_ITEMS = 200;
const MAX_TEXT = 8 * 1024;
/** Redacted texts are cached, as titles and addresses come again with every update. */
const MAX_CACHED = 2_000;

const cache = new Map<string, string>();

/** @returns undefined for values that JSON cannot hold */
export function safeJson(value: unknown, depth = 0): Json | undefined {
  switch (typeof value) {
    case 'string':
      return safeText(value);
    case 'number':
      return Number.isFinite(value) ? value : null;
    case 'boolean':
      return value;
    case 'object':
      break;
    default:
      return undefined;
  }
  if (value === null) return null;
  if (depth === MAX_DEPTH) return '…';
  if (value instanceof Error) return errorOf(value);
  if (Array.isArray(value)) {
    const items = value.slice(0, MAX_ITEMS).map((item: unknown) => safeJson(item, depth + 1) ?? null);
    return value.length > MAX_ITEMS ? [...items, '…'] : items;
  }
  return objectOf(value as Record<string, unknown>, depth);
}

/** A text without secrets, cut to 8 Ki characters. */
export function safeText(text: string): string {
  if (text.length < 8) return text;
  const before = cache.get(text);
  if (before !== undefined) return before;
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  const after = redact(cut);
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(text, after);
  return after;
}

/** undefined for an object that has only functions. */
function objectOf(object: Record<string, unknown>, depth: number): Json | undefined {
  const out: { [key: string]: Json } = {};
  let hadFunctions = false;
  let count = 0;
  for (const name in object) {
    const item = object[name];
    if (typeof item === 'function') hadFunctions = true;
    if (count === MAX_ITEMS) break;
    const shown = isSecretName(name) && typeof item === 'string' ? '***' : safeJson(item, depth + 1);
    if (shown === undefined) continue;
    out[safeText(name)] = shown;
    count++;
  }
  return hadFunctions && count === 0 ? undefined : out;
}

function errorOf(error: Error): Json {
  const { code } = error as { code?: unknown };
  const message = safeText(error.message);
  return typeof code === 'string' ? { code, message } : { name: error.name, message };
}
