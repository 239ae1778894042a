/** The web addresses in pasted, dropped or typed text. */
import { dropOldest } from '../../protocol/drop-oldest.ts';

export interface Addresses {
  /** In the order given, each once. */
  urls: string[];
  /** The first word, if no address was found; else null. */
  rejected: string | null;
}

const SCHEME = /^https?:\/\//i;
/** An address without a scheme: `example.org/x`, `localhost:8080`. */
const BARE = /^(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}(?::\d+)?(?:[/?#].*)?$|^localhost(?::\d+)?(?:[/?#].*)?$/iu;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
/** Quotes, brackets and punctuation after an address belong to the sentence around it (U+3xxx and U+FFxx: Chinese). */
const CLOSING = /[>"'\],.;!\u2019\u201D\u3002\u300B\u300D\u300F\u3011\uFF01\uFF09\uFF0C\uFF1B]+$/;

/** Addresses that were typed without a scheme, the newest. */
const bare = new Set<string>();
const MAX_BARE = 1_000;

/** An address as it was typed: the server tries https, then http, for one without a scheme. */
export function asTyped(url: string): string {
  return bare.has(url) ? url.slice('https://'.length) : url;
}

/**
 * Finds the addresses in text. Other words are skipped, so that a sentence with a link in it can be pasted.
 */
export function readAddresses(text: string): Addresses {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const urls = new Set<string>();
  for (const word of words) {
    const url = readAddress(word);
    if (url !== null) urls.add(url);
  }
  return { urls: [...urls], rejected: urls.size === 0 ? (words[0] ?? null) : null };
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

function readAddress(word: string): string | null {
  const start = word.search(/https?:\/\//i);
  const cut = (start > 0 ? word.slice(start) : word).replace(CLOSING, '');
  // A closing bracket may be part of the address, if it was opened there.
  const text = cut.endsWith(')') && !cut.includes('(') ? cut.slice(0, -1) : cut;
  const address = SCHEME.test(text) ? text : BARE.test(text) ? `https://${text}` : null;
  if (address === null || !URL.canParse(address)) return null;
  bare.delete(address);
  if (address !== text) bare.add(address);
  dropOldest(bare, MAX_BARE);
  return address;
}
