import { MAX_TITLE_CHARS } from '../limits.ts';

/** One line of at most 300 characters; null = it is empty. */
export function cleanText(text: string | undefined | null): string | null {
  const plain = (text ?? '').replace(/\s+/g, ' ').trim().slice(0, MAX_TITLE_CHARS);
  return plain.toWellFormed() || null;
}
