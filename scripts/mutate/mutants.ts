/** The mutants of source files, found by Stryker's instrumenter. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Instrumenter } from '@stryker-mutator/instrumenter';

export interface Mutant {
  id: string;
  /** Relative to the root. */
  file: string;
  /** Where it begins, both from 1. */
  line: number;
  column: number;
  original: string;
  replacement: string;
  /** The whole mutated file. */
  text: string;
}

export interface Mutants {
  all: Mutant[];
  /** By file: its source with calls of `stryCov_9fa48(...ids)` that record which mutants are covered. */
  instrumented: Map<string, string>;
}

type Logger = ConstructorParameters<typeof Instrumenter>[0];

const silent = () => undefined;
const isDisabled = () => false;
const QUIET: Logger = {
  ...{ trace: silent, debug: silent, info: silent, warn: silent, error: silent, fatal: silent },
  ...{ isTraceEnabled: isDisabled, isDebugEnabled: isDisabled, isInfoEnabled: isDisabled },
  ...{ isWarnEnabled: isDisabled, isErrorEnabled: isDisabled, isFatalEnabled: isDisabled },
};

/** Of `\v` Stryker makes `\V`, which in Unicode mode is no regular expression: no test could load its file. */
const UNCOMPILABLE = {
  shouldIgnore: ({
    node,
  }: {
    node: { type: string; flags?: unknown; pattern?: unknown };
  }): string | undefined =>
    node.type === 'RegExpLiteral' && /[uv]/.test(String(node.flags)) && String(node.pattern).includes('\\v')
      ? 'its mutants do not compile'
      : undefined,
};

/** @returns mutants in the order of files and positions */
export async function findMutants(root: string, files: string[]): Promise<Mutants> {
  const sources = files.map((name) => ({
    name,
    mutate: true,
    content: readFileSync(join(root, name), 'utf8'),
  }));
  const texts = new Map(sources.map(({ name, content }) => [name, content]));
  // Without Stryker's header, which is slow in hot loops: coverage.ts has its own.
  const result = await new Instrumenter(QUIET).instrument(sources, {
    ...{ plugins: null, excludedMutations: [], ignorers: [UNCOMPILABLE], noHeader: true },
  });
  const all = result.mutants
    .filter(({ status }) => status !== 'Ignored')
    .map(({ id, fileName: file, location: { start, end }, mutatorName, replacement }): Mutant => {
      const text = texts.get(file) ?? '';
      const [from, to] = [offsetOf(text, start), offsetOf(text, end)];
      // The line break ends a trailing comment.
      const put = isStatement(mutatorName, replacement) ? replacement : `(${replacement}\n)`;
      return {
        ...{ id, file, line: start.line + 1, column: start.column + 1 },
        ...{ original: text.slice(from, to), replacement, text: text.slice(0, from) + put + text.slice(to) },
      };
    })
    .sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column));
  return { all, instrumented: new Map(result.files.map(({ name, content }) => [name, content])) };
}

/** Expressions need parentheses (`a && b && c` becomes `(a || b) && c`), statements must not have them. */
function isStatement(mutator: string, replacement: string): boolean {
  return mutator === 'BlockStatement' || replacement === ';' || /^(case\b|default:|for \()/.test(replacement);
}

function offsetOf(text: string, { line, column }: { line: number; column: number }): number {
  let offset = 0;
  for (let n = 0; n < line; n++) offset = text.indexOf('\n', offset) + 1;
  return offset + column;
}

/** `count` random items in their order; deterministic for a seed. */
export function sampleOf<T>(all: readonly T[], count: number, seed: number): T[] {
  const random = createRandom(seed);
  const drawn = all.map((each, place) => ({ each, place, key: random() }));
  const taken = drawn.sort((a, b) => a.key - b.key).slice(0, count);
  return taken.sort((a, b) => a.place - b.place).map(({ each }) => each);
}

/** mulberry32: 0 ≤ n < 1. Source: Tommy Ettinger, public domain. */
function createRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
