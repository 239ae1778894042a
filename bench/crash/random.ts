/** A seeded generator (mulberry32, public domain): the same seed gives the same plan on every machine. */
export interface Random {
  /** 0 ≤ x < 1. */
  next(): number;
  /** A whole number, `min` ≤ n ≤ `max`. */
  between(min: number, max: number): number;
  /** Between `min` and `max`, uniform in the logarithm. */
  spread(min: number, max: number): number;
  chance(share: number): boolean;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (min, max) => min + Math.floor(next() * (max - min + 1)),
    spread: (min, max) => Math.round(min * (max / min) ** next()),
    chance: (share) => next() < share,
  };
}
