/** Runs the tests that cover a mutant, the fastest first, until one fails. */
import type { Covering } from './coverage.ts';
import type { ProjectCopy } from './project-copy.ts';
import type { Mutant } from './mutants.ts';

export type Verdict = 'killed' | 'timeout' | 'survived' | 'no coverage';

/** The time limit of a test file: a hang kills a mutant, slowness does not. */
export interface Deadline {
  factor: number;
  baseMs: number;
}

export const FIRST: Deadline = { factor: 3, baseMs: 10_000 };
/** For a second run, alone, after a timeout: 7 of 8 timeouts beside other files were not hangs. */
export const ALONE: Deadline = { factor: 10, baseMs: 30_000 };

export interface Judgement {
  /** `timeout`: a test file did not end in its time. */
  verdict: Verdict;
  /** The test file that failed. */
  by: string | null;
}

export async function judge(
  copy: ProjectCopy,
  mutant: Mutant,
  coverings: readonly Covering[],
  { factor, baseMs }: Deadline,
): Promise<Judgement> {
  const chosen = coverings
    .filter(({ ids }) => ids.has(mutant.id))
    .sort((a, b) => a.durationMs - b.durationMs);
  if (chosen.length === 0) return { verdict: 'no coverage', by: null };
  copy.write(mutant.file, mutant.text);
  try {
    for (const { test: by, durationMs } of chosen) {
      const { hung, failed } = await copy.run(by, baseMs + factor * durationMs);
      if (hung) return { verdict: 'timeout', by };
      if (failed > 0) return { verdict: 'killed', by };
    }
    return { verdict: 'survived', by: null };
  } finally {
    copy.restore(mutant.file);
  }
}
