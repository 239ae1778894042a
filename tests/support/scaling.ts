/**
 * Whether twice the input costs twice the CPU. By the CPU of this thread, never by the clock: a busy machine makes neither
 * longer. The kernel counts it in ticks of up to 4 ms, so a body is repeated until it is far above one.
 */
import { Dice } from '../annie/progress/dice.ts';

/** Twice the input, at most so many times the CPU: an `n log n` stays below, a square is 4. */
export const MOST = 3;
const LEAST_MS = 25;
const ATTEMPTS = 4;
/** A square of half a million steps, a nanosecond each, would take minutes. */
const AT_ONCE_MS = 25;

type Body = () => unknown;

/** CPU of one run, in ms. Whatever it throws is as good as what it returns. */
export function cpuOf(body: Body): number {
  for (let runs = 1; ; runs *= 2) {
    const before = process.threadCpuUsage();
    for (let run = 0; run < runs; run++) {
      try {
        body();
      } catch {
        // A refusal is an answer.
      }
    }
    const { user, system } = process.threadCpuUsage(before);
    if (user + system >= LEAST_MS * 1000) return (user + system) / 1000 / runs;
  }
}

/** How many times the CPU of `size` that of twice the size is; of several attempts the least. */
export function growthOf(make: (size: number) => Body, size: number): number {
  const [small, large] = [make(size), make(2 * size)];
  let least = Infinity;
  for (let attempt = 0; attempt < ATTEMPTS && least > MOST; attempt++) {
    least = Math.min(least, cpuOf(large) / cpuOf(small));
  }
  return least;
}

/** Text of at least `size` characters: the unit again and again, U+0001 in it a number that is new each time. */
export function repeated(unit: string, size: number): string {
  if (unit === '') return '';
  if (!unit.includes('\u0001')) return unit.repeat(Math.ceil(size / unit.length));
  const parts: string[] = [];
  for (let i = 0, length = 0; length < size; i++) {
    const part = unit.replaceAll('\u0001', String(i));
    parts.push(part);
    length += part.length;
  }
  return parts.join('');
}

/**
 * Texts that nobody thought of: two units, each of a few words that matter to the reader, repeated one after the other or
 * in turn, with a few words before, between and after. The same for the same seed.
 */
export function* oddTexts(
  words: readonly string[],
  { seed, count }: { seed: number; count: number },
): Generator<{ name: string; make: (size: number) => string }> {
  const dice = new Dice(seed);
  const some = (least: number, most: number): string =>
    Array.from({ length: least + dice.below(most - least + 1) }, () => dice.pick(words)).join('');
  for (let i = 0; i < count; i++) {
    const [before, between, after] = [some(0, 2), some(0, 1), some(0, 2)];
    const [a, b] = [some(1, 3), dice.below(2) === 0 ? '' : some(1, 3)];
    const make = (size: number): string => {
      const half = b === '' ? size : size / 2;
      return before + repeated(a, half) + between + repeated(b, half) + after;
    };
    yield { name: JSON.stringify([before, a, between, b, after]), make };
  }
}

/** Those of the odd texts that grow faster than they may, each with how fast. */
export function tooSteep(
  texts: Iterable<{ name: string; make: (size: number) => string }>,
  read: (text: string) => unknown,
  size: number,
): string[] {
  const found: string[] = [];
  for (const { name, make } of texts) {
    const large = make(2 * size);
    if (onceOf(() => read(large)) < AT_ONCE_MS) continue;
    const growth = growthOf((of) => {
      const text = make(of);
      return () => read(text);
    }, size);
    if (growth > MOST) found.push(`${name}: ${growth.toFixed(1)} times`);
  }
  return found;
}

function onceOf(body: Body): number {
  const before = process.threadCpuUsage();
  try {
    body();
  } catch {
    // As above.
  }
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
