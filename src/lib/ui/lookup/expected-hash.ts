/** What somebody typed or pasted as the SHA-256 of a file. */
export type ExpectedHash = { kind: 'none' } | { kind: 'hash'; sha256: string } | { kind: 'wrong' };

/** Pages publish them as `HEX  name`, `sha256:HEX` or `SHA256 (name) = HEX`: the 64 digits are found in any of it. */
const DIGITS = /(?<![\da-z])[\da-f]{64}(?![\da-z])/gi;

/** Of several hashes none is taken: which is meant can only be guessed. */
export function readExpectedHash(text: string): ExpectedHash {
  if (text.trim() === '') return { kind: 'none' };
  const found = new Set(text.match(DIGITS)?.map((hex) => hex.toLowerCase()));
  const [sha256] = found;
  return sha256 !== undefined && found.size === 1 ? { kind: 'hash', sha256 } : { kind: 'wrong' };
}
