/** A short, stable hash of a text, for ids and not for secrets. Pure. */

/** 14 characters of base 36: two FNV-1a sums of 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/). */
export function shortHash(text: string): string {
  const sum = (basis: number): string => {
    let hash = basis;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    return (hash >>> 0).toString(36).padStart(7, '0');
  };
  return sum(0x811c9dc5) + sum(0x2f0b4a39);
}
