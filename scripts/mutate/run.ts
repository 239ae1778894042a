/** A mutation run: mutants, a dry run of the tests that may reach them, a verdict on each. */
import { tmpdir } from 'node:os';
import { killAllGroups } from '../tools/test-child.ts';
import { prepareBuild } from '../tools/test-build.ts';
import { type Covering, findCoverings } from './coverage.ts';
import { ALONE, FIRST, judge, type Deadline } from './judge.ts';
import { distribute, ProjectCopy } from './project-copy.ts';
import { findMutants, type Mutant, sampleOf } from './mutants.ts';
import type { MutateOptions } from './options.ts';
import { type TestKind, testsThatReach } from './reach.ts';
import { type Judged, progressLine } from './report.ts';

export interface RunOptions extends Omit<MutateOptions, 'min'> {
  root: string;
  log: (line: string) => void;
  /** Where the copies are made. */
  temp?: string;
  first?: Deadline;
  alone?: Deadline;
}

/** Nothing is written below `root`. */
export async function mutate(options: RunOptions): Promise<Judged[]> {
  const { root, files, sample, seed, tests, log, temp = tmpdir(), first = FIRST, alone = ALONE } = options;
  const mutants = await findMutants(root, files);
  const chosen = sample === null ? mutants.all : sampleOf(mutants.all, sample, seed);
  const touched = [...new Set(chosen.map(({ file }) => file))];
  log(`${chosen.length} of ${mutants.all.length} mutants, in ${touched.length} files`);
  const copies = Array.from({ length: options.lanes }, () => new ProjectCopy(root, temp));
  const end = (): void => {
    killAllGroups();
    for (const copy of copies) copy.close();
  };
  process.on('exit', end);
  try {
    const judged = new Map<string, Judged>();
    const record = (one: Judged): void => {
      judged.set(one.mutant.id, one);
      log(progressLine(one, judged.size, chosen.length));
    };
    let coverings: Covering[] = [];
    const judgeAll = async (some: Mutant[], kind: TestKind): Promise<void> => {
      const files = [...new Set(some.map(({ file }) => file))];
      const paths = testsThatReach(root, files, tests, kind);
      if (kind === 'command') {
        if (paths.length === 0) return;
        prepareBuild(root);
        for (const copy of copies) copy.runFromSources();
      }
      coverings = [...coverings, ...(await findCoverings(copies, paths, files, mutants, log))];
      await distribute(copies, some, async (copy, mutant) => {
        record({ mutant, ...(await judge(copy, mutant, coverings, first)) });
      });
    };
    await judgeAll(chosen, 'unit');
    // Test files that start the server take seconds: used only for mutants that no other file covers.
    await judgeAll(
      chosen.filter(({ id }) => judged.get(id)?.verdict === 'no coverage'),
      'command',
    );
    const [copy] = copies;
    for (const { mutant, verdict } of judged.values()) {
      if (verdict === 'timeout' && copy) record({ mutant, ...(await judge(copy, mutant, coverings, alone)) });
    }
    return chosen.flatMap(({ id }) => judged.get(id) ?? []);
  } finally {
    process.off('exit', end);
    end();
  }
}
