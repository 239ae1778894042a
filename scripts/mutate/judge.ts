/** Whether the tests notice a mutant: those that reach it, the fastest first. */
import type { Covering } from './coverage.ts';
import type { ProjectCopy } from './project-copy.ts';
import type { Mutant } from './mutants.ts';

export type Verdict = 'killed' | 'timeout' | 'survived' | 'no coverage';

/** What a test file may take: a hang is a kill, slowness is not. */
export interface Deadline {
  factor: number;
  baseMs: number;
}

export const FIRST: Deadline = { factor: 3, baseMs: 10_000 };
/** Of what hung beside others, most ends by itself when it runs alone: 7 of 8 timeouts were no kills. */
export const ALONE: Deadline = { factor: 10, baseMs: 30_000 };

export interface Judgement {
  /** `timeout`: a test file did not end in its time. */
  verdict: Verdict;
  /** The test file that noticed it. */
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
