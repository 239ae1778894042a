/**
 * Finds addresses of media among the strings of a script or of JSON, however often it is escaped: around each extension, as the
 * quotes of a script cannot be counted without its grammar. Pure, and linear.
 */
import { AUDIO, looksLikeMedia, VIDEO } from '../../protocol/extension.ts';

const MAX_STRING_CHARS = 2048;
/** A TypeScript source is no transport stream. */
const EXTENSIONS = [...VIDEO, ...AUDIO, 'm3u8'].filter((ext) => ext !== 'ts');
const MEDIA = new RegExp(`\\.(?:${EXTENSIONS.join('|')})(?=[?#;&"'\`]|%3F)`, 'gi');
const QUOTES = new Set(['"', "'", '`']);
/** Blanks, markup and placeholders: not a whole address. */
const NO_ADDRESS = /[\s<>{}$\\"'`]/;

/** At most `limit`, in order, escapes undone. */
export function addressesIn(script: string, limit: number): string[] {
  const text = unescaped(script);
  const found = new Set<string>();
  let from = 0;
  MEDIA.lastIndex = 0;
  for (let match = MEDIA.exec(text); match !== null && found.size < limit; match = MEDIA.exec(text)) {
    const start = edgeOf(text, match.index, -1, from);
    const end = edgeOf(text, MEDIA.lastIndex, 1, text.length);
    // What was looked at is not looked at again.
    from = Math.max(from, MEDIA.lastIndex);
    if (start === null || end === null) continue;
    MEDIA.lastIndex = end;
    const address = decoded(text.slice(start + 1, end));
    if (!NO_ADDRESS.test(address) && looksLikeMedia(pathOf(address))) found.add(address);
  }
  return [...found];
}

/** Of the quote before or behind an address; null = there is none, or it is no whole string. */
function edgeOf(text: string, start: number, step: 1 | -1, limit: number): number | null {
  for (
    let at = start, chars = 0;
    at !== limit + (step < 0 ? -1 : 0) && chars < MAX_STRING_CHARS;
    at += step
  ) {
    const character = text[at] ?? '';
    if (QUOTES.has(character)) return at;
    if (NO_ADDRESS.test(character)) return null;
    chars++;
  }
  return null;
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

/** `\/`, `\u0026`, `\x22`, `\\\"`, `&quot;`: each says the same wherever it stands. */
function unescaped(script: string): string {
  const plain = script.includes('\\')
    ? script
        .replace(/\\{1,8}(?:u00|x)([2-7][0-9a-f])/gi, (_, hex: string) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        )
        .replace(/\\{1,8}(["'`/])/g, '$1')
    : script;
  return plain.includes('&')
    ? plain.replace(/&(?:quot|#34|#39|#x22|#x27);/gi, '"').replace(/&amp;/gi, '&')
    : plain;
}
