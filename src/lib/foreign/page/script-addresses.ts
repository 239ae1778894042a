/** Finds addresses of media among the strings of a script or of JSON. Pure, and linear: a string has at most 2,048 characters. */
import { looksLikeMedia } from '../../protocol/extension.ts';

const MAX_STRING_CHARS = 2048;
const QUOTES = new Set(['"', "'", '`']);
/** Blanks, markup and placeholders: not a whole address. */
const NO_ADDRESS = /[\s<>{}$\\"'`]/;

/** At most `limit`, in order, escapes undone. A TypeScript source is no transport stream. */
export function addressesIn(script: string, limit: number): string[] {
  const found = new Set<string>();
  const add = (text: string): void => {
    if (!isCandidate(text)) return;
    const address = decoded(unescaped(unescaped(text)));
    if (!NO_ADDRESS.test(address) && looksLikeMedia(pathOf(address)) && !pathOf(address).endsWith('.ts'))
      found.add(address);
  };
  for (let at = 0; at < script.length && found.size < limit; at++) {
    const quote = script[at] ?? '';
    if (quote === '\\') {
      // JSON in a string has a quote behind each.
      const inner = QUOTES.has(script[at + 1] ?? '')
        ? endOfEscaped(script, at + 2, script[at + 1] ?? '')
        : -1;
      if (inner !== -1) add(script.slice(at + 2, inner));
      // The end of one string that is none may be the start of the next.
      at = inner === -1 ? at + 1 : inner - 1;
      continue;
    }
    if (!QUOTES.has(quote)) continue;
    const end = endOfString(script, at + 1, quote);
    if (end === -1) continue;
    const text = script.slice(at + 1, end);
    // It may hold others, if it is JSON.
    if (isCandidate(text) && !/\\["'`]/.test(text)) {
      add(text);
      at = end;
    } else if (!/["'`]/.test(text)) at = end;
  }
  return [...found];
}

/** Of the closing quote; -1 = it is too far away, or on another line. */
function endOfString(script: string, start: number, quote: string): number {
  const last = Math.min(script.length, start + MAX_STRING_CHARS);
  for (let at = start; at < last; at++) {
    const character = script[at];
    if (character === quote) return at;
    if (character === '\\') at++;
    else if (character === '\n') return -1;
  }
  return -1;
}

/** Of the backslash of the closing quote; -1 = it is too far away, or the outer string ends before. */
function endOfEscaped(script: string, start: number, quote: string): number {
  const last = Math.min(script.length, start + MAX_STRING_CHARS);
  for (let at = start; at < last; at++) {
    const character = script[at];
    if (character === '\\') {
      if (script[at + 1] === quote) return at;
      at++;
    } else if (character === quote || character === '\n') return -1;
  }
  return -1;
}

/** Before anything is undone: most strings are no addresses. */
function isCandidate(text: string): boolean {
  return text.length > 4 && text.includes('.') && !/[\s<>]/.test(text);
}

function pathOf(address: string): string {
  return address.split(/[?#]/, 1)[0] ?? '';
}

/** Of an address that is a parameter of another. */
function decoded(text: string): string {
  if (!/^https?%3A%2F%2F/i.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `\/`, `\u0026`, `\x26`. */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text
    .replace(/\\(?:u00|x)([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\(["'`/])/g, '$1');
}
