export interface Address {
  /** With a scheme: to show, and to compare. */
  url: string;
  /** To send: the server tries https, then http, for one that was typed without a scheme. */
  typed: string;
}

/** The web addresses in pasted, dropped or typed text. */
interface Addresses {
  /** In the order given, each URL once. */
  addresses: Address[];
  /** The first word, if no address was found; else null. */
  rejected: string | null;
}

const SCHEME = /^https?:\/\//i;
/** An address without a scheme: `example.org/x`, `localhost:8080`. */
const BARE = /^(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}(?::\d+)?(?:[/?#].*)?$|^localhost(?::\d+)?(?:[/?#].*)?$/iu;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
/** Quotes, brackets and punctuation after an address belong to the sentence around it (U+3xxx and U+FFxx: Chinese). */
const CLOSING = new Set('>"\'],.;!\u2019\u201D\u3002\u300B\u300D\u300F\u3011\uFF01\uFF09\uFF0C\uFF1B');

/**
 * Finds the addresses in text. Other words are skipped, so that a sentence with a link in it can be pasted.
 */
export function readAddresses(text: string): Addresses {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const found = new Map<string, Address>();
  for (const word of words) {
    const address = readAddress(word);
    if (address !== null && !found.has(address.url)) found.set(address.url, address);
  }
  return { addresses: [...found.values()], rejected: found.size === 0 ? (words[0] ?? null) : null };
}

/**
 * The words that were probably meant as addresses and are not: alone on their line, or with a scheme. Other words count
 * as prose around a link.
 */
export function wrongAddresses(text: string): string[] {
  const wrong = new Set<string>();
  for (const line of text.split(/[\r\n]+/)) {
    const words = line.split(/\s+/).filter((word) => word !== '');
    for (const word of words) {
      const meant = word.includes('://') || (words.length === 1 && !isProse(word));
      if (meant && readAddress(word) === null) wrong.add(word);
    }
  }
  return [...wrong];
}

/** A bullet or a line of dashes between links, and a sentence in a script without spaces between words. */
function isProse(word: string): boolean {
  return !/[\p{L}\p{N}]/u.test(word) || (UNSPACED.test(word) && !/[.:/]/.test(word));
}

function readAddress(word: string): Address | null {
  const start = word.search(/https?:\/\//i);
  const cut = withoutClosing(start > 0 ? word.slice(start) : word);
  // A closing bracket may be part of the address, if it was opened there.
  const typed = cut.endsWith(')') && !cut.includes('(') ? cut.slice(0, -1) : cut;
  const url = SCHEME.test(typed) ? typed : BARE.test(typed) ? `https://${typed}` : null;
  return url === null || !URL.canParse(url) ? null : { url, typed };
}

/** By hand: a pattern with `+$` takes quadratic time on many quotes that something follows (100 kB: 8 s). */
function withoutClosing(word: string): string {
  let end = word.length;
  while (CLOSING.has(word.charAt(end - 1))) end--;
  return word.slice(0, end);
}
