/**
 * Four bytes of text at once, as the 32-bit word that `view.getInt32(i, true)` gives: where it is known how text goes
 * on, one comparison instead of four, and no branch on each byte. The window has bytes to spare after its end; what
 * stands there is a zero first, which fits nothing.
 */

/** Of up to four characters below 128. */
export function wordOf(text: string): number {
  let word = 0;
  for (let k = 0; k < text.length; k++) word |= text.charCodeAt(k) << (8 * k);
  return word;
}

/**
 * Whether a word is as it should be: 0 if so. `word`: `^` what it should be, with `0` for any digit, whose value then
 * stands there. `mask`: 0xf0 for each digit, 0xff for each other byte, 0 for those that may be anything, which only the
 * last ones may.
 */
export function misfit(word: number, mask: number): number {
  // Six more carry into the upper half what is no digit; what carries further was in the upper half before.
  return (word | ((word + 0x06060606) & 0xf0f0f0f0)) & mask;
}
