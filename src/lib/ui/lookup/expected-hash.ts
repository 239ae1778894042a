/** The expected SHA-256 of a file, as typed or pasted. */
export type ExpectedHash = { kind: 'none' } | { kind: 'hash'; sha256: string } | { kind: 'wrong' };

/** Hashes are published as `HEX  name`, `sha256:HEX` or `SHA256 (name) = HEX`: finds the 64 digits in each. */
const DIGITS = /(?<![\da-z])[\da-f]{64}(?![\da-z])/gi;

/** Several different hashes are `wrong`: which one is meant could only be guessed. */
export function readExpectedHash(text: string): ExpectedHash {
  if (text.trim() === '') return { kind: 'none' };
  const found = new Set(text.match(DIGITS)?.map((hex) => hex.toLowerCase()));
  const [sha256] = found;
  return sha256 !== undefined && found.size === 1 ? { kind: 'hash', sha256 } : { kind: 'wrong' };
}
