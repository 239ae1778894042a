/**
 * Tests whether twice the input takes twice the CPU. Measured by the CPU of this thread, not by the clock: a busy machine makes neither
 * longer. Some kernels count it in ticks of up to 4 ms, so a body is repeated until it is above one.
 */
import * as assert from 'uvu/assert';
import { Dice } from '../annie/progress/dice.ts';

/** The most CPU for twice the input: `n log n` stays below, a quadratic algorithm takes 4. */
export const MOST = 3;
const LEAST_MS = 10;
const ATTEMPTS = 4;
/** Half a million steps squared, a nanosecond each, would take minutes. */
const AT_ONCE_MS = 25;
/** Twice the input of a text that needs no closer look. */
const PLAINLY_LINEAR = 2.25;

type Body = () => unknown;

/** CPU of one run, in ms. Errors are ignored. */
export function cpuOf(body: Body): number {
  for (let runs = 1; ; runs *= 2) {
    const before = process.threadCpuUsage();
    for (let run = 0; run < runs; run++) {
      try {
        body();
      } catch {
        // A refusal counts as a result.
      }
    }
    const { user, system } = process.threadCpuUsage(before);
    if (user + system >= LEAST_MS * 1000) return (user + system) / 1000 / runs;
  }
}

/** The ratio of the CPU for twice the size to that for `size`: the least of several attempts. */
export function growthOf(make: (size: number) => Body, size: number): number {
  const [small, large] = [make(size), make(2 * size)];
  let least = Infinity;
  for (let attempt = 0; attempt < ATTEMPTS && least > MOST; attempt++) {
    least = Math.min(least, cpuOf(large) / cpuOf(small));
  }
  return least;
}

/** A test for each entry: what `read` takes for it. @param title of the entry's name, without what all have in common */
export function testGrowth<T>(
  test: (name: string, body: () => void) => unknown,
  texts: Record<string, (size: number) => T>,
  { title, read, size }: { title: (what: string) => string; read: (text: T) => unknown; size: number },
): void {
  for (const [what, make] of Object.entries(texts)) {
    test(`${title(what)} takes at most three times the CPU`, () => {
      const growth = growthOf((of) => {
        const text = make(of);
        return () => read(text);
      }, size);
      assert.ok(growth <= MOST, `${growth.toFixed(1)} times`);
    });
  }
}

/** Text of at least `size` characters: the unit repeated, with U+0001 in it replaced by a counter. */
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

/** Endings that make a greedy pattern backtrack. */
const STOPS = ['', 'x', '\0', '\n', '\r', ' ', '"', '/'];

interface OddText {
  name: string;
  make: (size: number) => string;
}

/**
 * Generated texts of the words that matter to a reader: each word alone, repeated, twice, with
 * something before and after it; then units of a few words, repeated or two in turn. Deterministic for a seed.
 * @param count of the units
 */
export function* oddTexts(
  words: readonly string[],
  { seed, count }: { seed: number; count: number },
): Generator<OddText> {
  const dice = new Dice(seed);
  const maybe = (from: readonly string[]): string => (dice.below(2) === 0 ? '' : dice.pick(from));
  const end = (): string => maybe(words) + dice.pick(STOPS);
  for (const word of [...words, ...words]) yield oddText(maybe(words), word, '', '', end());
  for (let i = 0; i < count; i++) {
    // Few words at a time: a slow pattern is slow because the others are missing.
    const few = Array.from({ length: 3 }, () => dice.pick(words));
    const unit = (): string => Array.from({ length: 1 + dice.below(3) }, () => dice.pick(few)).join('');
    yield oddText(maybe(words), unit(), maybe(few), dice.below(2) === 0 ? '' : unit(), end());
  }
}

function oddText(before: string, a: string, between: string, b: string, after: string): OddText {
  return {
    name: JSON.stringify([before, a, between, b, after]),
    make(size) {
      const half = b === '' ? size : size / 2;
      return before + repeated(a, half) + between + repeated(b, half) + after;
    },
  };
}

/** The texts for which the CPU grows too fast, with the ratios. */
export function tooSteep(texts: Iterable<OddText>, read: (text: string) => unknown, size: number): string[] {
  const found: string[] = [];
  for (const { name, make } of texts) {
    const large = make(2 * size);
    const largeMs = onceOf(() => read(large));
    if (largeMs < AT_ONCE_MS) continue;
    const small = make(size);
    if (largeMs <= PLAINLY_LINEAR * onceOf(() => read(small))) continue;
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
